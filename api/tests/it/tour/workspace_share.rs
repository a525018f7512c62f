//! Sharing one's own workspace.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::administrator;
use crate::support::text;

const PATH: &str = "/api/v1/me/workspace/shares";

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let sam = administrator(&tour.app).await;
    let share = json!({
        "grantee": "user", "email": "ann@example.com", "level": "editor", "expires_at": "2026-12-24T18:00:00Z",
    });
    let id = text(&tour.post(PATH).by(&sam).json(share).shows(201).await.body["id"]);
    tour.get(PATH).by(&sam).shows(200).await;
    tour.delete(&format!("{PATH}/{id}")).by(&sam).shows(204).await;
}
