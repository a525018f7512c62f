//! A person's second factor.

use std::time::Duration;

use serde_json::json;

use super::step::Tour;
use crate::auth::PASSWORD;
use crate::me::token_of_ann;
use crate::second_factor::code;
use crate::support::text;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let secret = text(&tour.post("/api/v1/me/second-factor").by(&ann).shows(200).await.body["secret"]);
    let now = json!({ "code": code(&secret, tour.app.clock.clock().now()) });
    tour.post("/api/v1/me/second-factor/confirm").by(&ann).json(now).shows(200).await;
    tour.get("/api/v1/me/second-factor").by(&ann).shows(200).await;
    // Every code is good once.
    tour.app.clock.advance(Duration::from_secs(30));
    let code = code(&secret, tour.app.clock.clock().now());
    let body = json!({ "email": "ann@example.com", "password": PASSWORD, "code": code });
    let strong = tour.app.post("/api/v1/auth/login").json(&body).send().await.expect(200);
    let strong = text(&strong.body["access_token"]);
    tour.post("/api/v1/me/second-factor/recovery-codes").by(&strong).shows(200).await;
    tour.delete("/api/v1/me/second-factor").by(&strong).shows(204).await;
}
