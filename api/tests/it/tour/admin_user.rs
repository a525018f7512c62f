//! Accounts, for those who look after them.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::{administrator, of};
use crate::auth::{login, register};
use crate::support::text;

const PATH: &str = "/api/v1/admin/users";

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let sam = administrator(&tour.app).await;
    register(&tour.app, "olga@example.com").await.expect(202);
    login(&tour.app, "olga@example.com").await.expect(200);
    let listed = tour.get(&format!("{PATH}?status=pending&search=olga")).by(&sam).shows(200).await.body;
    let id = text(&listed["users"][0]["id"]);
    tour.post(&of(&id, "approve")).by(&sam).shows(200).await;
    let quota = json!({ "quota_bytes": 5_368_709_120_u64 });
    tour.put(&of(&id, "quota")).by(&sam).json(quota).shows(200).await;
    let ai = json!({ "ai_provider": "openai", "ai_model": "gpt-5" });
    tour.put(&of(&id, "ai")).by(&sam).json(ai).shows(200).await;
    tour.put(&of(&id, "platform-role")).by(&sam).json(json!({ "platform_role": "admin" })).shows(200).await;
    tour.get(&format!("{PATH}/{id}")).by(&sam).shows(200).await;
    tour.delete(&of(&id, "sessions")).by(&sam).shows(200).await;
    tour.post(&of(&id, "disable")).by(&sam).json(json!({ "reason": "has left us" })).shows(200).await;
    tour.post(&of(&id, "enable")).by(&sam).shows(200).await;
    tour.post(&of(&id, "password-reset")).by(&sam).shows(202).await;
    let nora = json!({ "email": "nora@example.com", "name": "Nora", "locale": "fr" });
    tour.post(PATH).by(&sam).json(nora).shows(201).await;
    tour.post("/api/v1/admin/signing-key/rotate").by(&sam).json(json!({ "when": "soon" })).shows(204).await;
}
