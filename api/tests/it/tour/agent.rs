//! Agents, with whom they are shared, and who used them.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::administrator;
use crate::me::token_of_ann;
use crate::support::{ROOT, text};
use crate::world::{ACME, AGENT, GLOBEX};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let sam = administrator(&tour.app).await;
    let free = json!({ "agent_type": "translator", "name": "Translator", "settings": { "model": "small" } });
    tour.post("/api/v1/agents").by(&sam).json(free).shows(201).await;

    let ann = token_of_ann(&tour.app).await;
    let new = json!({
        "agent_type": "support-chat", "name": "Support", "description": "Answers questions about orders.",
        "settings": { "model": "large", "temperature": 1 },
    });
    let made = tour.post(&format!("/api/v1/orgs/{ACME}/agents")).by(&ann).json(new).shows(201).await;
    let path = format!("/api/v1/agents/{}", text(&made.body["id"]));
    tour.get("/api/v1/agents?license=proprietary&active=true").by(&ann).shows(200).await;
    tour.get(&path).by(&ann).shows(200).await;
    tour.patch(&path).by(&ann).json(json!({ "name": "Support desk", "description": null })).shows(200).await;
    tour.delete(&path).by(&ann).shows(204).await;
    tour.post(&format!("{path}/reactivate")).by(&ann).shows(200).await;

    let shares = format!("/api/v1/agents/{AGENT}/shares");
    let share = json!({ "org": "globex", "price_per_use": "0.05", "expires_at": "2027-11-21T12:00:00Z" });
    let id = text(&tour.post(&shares).by(&ann).json(share).shows(201).await.body["id"]);
    tour.get(&shares).by(&ann).shows(200).await;
    let paid = json!({ "amount": "20", "reason": "top-up", "key": "top-up-1" });
    tour.app
        .post(&format!("/api/v1/orgs/{GLOBEX}/wallet/entries"))
        .by(ROOT)
        .json(&paid)
        .send()
        .await
        .expect(201);
    let used = json!({ "agent_id": AGENT, "key": "chat-4711-turn-3" });
    tour.post(&format!("/api/v1/orgs/{GLOBEX}/agent-uses")).by(ROOT).json(used).shows(201).await;
    tour.delete(&format!("{shares}/{id}")).by(&ann).shows(204).await;
}
