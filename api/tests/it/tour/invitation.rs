//! Invitations, and what their tokens are good for.

use serde_json::json;

use super::step::Tour;
use crate::auth::PASSWORD;
use crate::invitations::token;
use crate::me::{token_of, token_of_ann};
use crate::support::text;
use crate::world::{ACME, GUS, OPEN};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let all = format!("/api/v1/orgs/{ACME}/invitations");
    let nora = json!({
        "email": "nora@example.com", "role": "member", "workspace_id": OPEN, "workspace_role": "editor", "days": 14,
    });
    let nora = tour.post(&all).by(&ann).json(nora).shows(201).await;
    let nora = text(&nora.body["id"]);
    let many = json!({ "invitations": [
        { "email": "gus@example.com", "role": "member" },
        { "email": "vic@example.com", "role": "member" },
    ] });
    let many = tour.post(&format!("{all}/bulk")).by(&ann).json(many).shows(200).await;
    let gus = text(&many.body["results"][0]["invitation"]["id"]);
    tour.get(&format!("{all}?state=pending")).by(&ann).shows(200).await;
    tour.post(&format!("{all}/{nora}/resend")).by(&ann).shows(200).await;

    let path = format!("/api/v1/invitations/{}", token(&tour.app, &nora).await);
    tour.get(&path).shows(200).await;
    let account = json!({ "name": "Nora", "password": PASSWORD });
    tour.post(&format!("{path}/register")).json(account).shows(201).await;

    let path = format!("/api/v1/invitations/{}", token(&tour.app, &gus).await);
    let gus = token_of(&tour.app, GUS, "gus@example.com").await;
    tour.post(&format!("{path}/accept")).by(&gus).shows(200).await;

    let again = json!({ "email": "otto@example.com", "role": "member" });
    let otto = tour.app.post(&all).by(&ann).json(&again).send().await.expect(201);
    tour.delete(&format!("{all}/{}", text(&otto.body["id"]))).by(&ann).shows(204).await;
}
