//! Signing in and out.

use serde_json::json;

use super::step::Tour;
use crate::auth::PASSWORD;
use crate::me::token_of_ann;
use crate::support::text;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let (_, _) = (token_of_ann(&tour.app).await, token_of_ann(&tour.app).await);
    let ann = json!({ "email": "ann@example.com", "password": PASSWORD });
    let tokens = tour.post("/api/v1/auth/login").json(ann).shows(200).await.body;
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let tokens = tour.post("/api/v1/auth/refresh").json(refresh).shows(200).await.body;
    let password = json!({ "password": PASSWORD });
    let again = tour.post("/api/v1/auth/reauthenticate").by(&text(&tokens["access_token"]));
    let token = text(&again.json(password).shows(200).await.body["access_token"]);
    let listed = tour.get("/api/v1/me/sessions").by(&token).shows(200).await.body;
    let sessions = listed["sessions"].as_array().unwrap();
    let other = sessions.iter().find(|session| session["id"] != tokens["session_id"]).unwrap();
    let path = format!("/api/v1/me/sessions/{}", text(&other["id"]));
    tour.delete(&path).by(&token).shows(204).await;
    tour.delete("/api/v1/me/sessions").by(&token).shows(200).await;
    tour.get("/.well-known/jwks.json").shows(200).await;
    tour.post("/api/v1/auth/logout").by(&token).shows(204).await;
}
