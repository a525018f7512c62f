//! A person's own account.

use serde_json::json;

use super::step::Tour;
use crate::auth::{PASSWORD, login, register};
use crate::me::token_of_ann;
use crate::support::text;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    tour.get("/api/v1/me").by(&ann).shows(200).await;
    tour.patch("/api/v1/me").by(&ann).json(json!({ "name": "Anne", "locale": "fr" })).shows(200).await;
    let password = json!({ "current_password": PASSWORD, "new_password": PASSWORD.replace("dawn", "dusk") });
    tour.post("/api/v1/me/password").by(&ann).json(password).shows(204).await;
    tour.post("/api/v1/me/deactivate").by(&ann).shows(204).await;

    let body = json!({ "email": "ann@example.com", "password": PASSWORD.replace("dawn", "dusk") });
    let again = tour.app.post("/api/v1/auth/login").json(&body).send().await.expect(200);
    let ann = text(&again.body["access_token"]);
    tour.post("/api/v1/me/reactivate").by(&ann).shows(200).await;

    register(&tour.app, "olga@example.com").await.expect(202);
    let olga = text(&login(&tour.app, "olga@example.com").await.expect(200).body["access_token"]);
    tour.post("/api/v1/me/verification").by(&olga).shows(202).await;
}
