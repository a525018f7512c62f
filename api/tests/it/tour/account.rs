//! Getting an account, and into it.

use serde_json::json;
use tenancy::account;

use super::step::Tour;
use crate::auth::{PASSWORD, answer_forgotten, mailed};

const EMAIL: &str = "olga@example.com";

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let olga = json!({ "email": EMAIL, "password": PASSWORD, "name": "Olga", "locale": "fr" });
    tour.post("/api/v1/auth/register").json(olga).shows(202).await;
    let link = mailed(&tour.app, "verification").await;
    tour.post("/api/v1/auth/verify-email").json(json!({ "token": link })).shows(204).await;
    tour.post("/api/v1/auth/forgot-password").json(json!({ "email": EMAIL })).shows(202).await;
    let link = answer_forgotten(&tour.app, EMAIL).await;
    let chosen = json!({ "token": link, "password": "another one altogether" });
    tour.post("/api/v1/auth/reset-password").json(chosen).shows(204).await;
    let link = account::set_up_link(&tour.app.db).await.unwrap().expect("nobody is there yet");
    let sam =
        json!({ "token": link.reveal(), "email": "sam@example.com", "password": PASSWORD, "name": "Sam" });
    tour.post("/api/v1/auth/set-up").json(sam).shows(204).await;
}
