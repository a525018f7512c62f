//! Registered resources.

use serde_json::json;

use super::step::Tour;
use crate::me::token_of;
use crate::support::{ROOT, text};
use crate::world::{ACME, ANN, GUS, OPEN, VIC};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let path = "/api/v1/resources/Docs::Document/minutes";
    let minutes = json!({
        "workspace_id": OPEN, "owner_id": ANN,
        "attributes": { "classification": "internal", "legal_hold": false },
    });
    tour.put(path).by(ROOT).json(minutes).shows(201).await;
    let changed = json!({ "owner_id": VIC, "attributes": { "classification": "secret" } });
    tour.patch(path).by(ROOT).json(changed).shows(200).await;
    tour.get(path).by(ROOT).shows(200).await;
    share(tour, path).await;
    tour.delete(path).by(ROOT).shows(204).await;
    let lines = ["todo", "ideas"].map(|id| {
        json!({ "type": "Resource", "id": id, "workspace_id": OPEN, "attributes": { "kind": "note" } })
            .to_string()
    });
    tour.post("/api/v1/resources/bulk").by(ROOT).text(&lines.join("\n")).shows(200).await;
}

async fn share(tour: &mut Tour<'_>, path: &str) {
    let (key, gus) = (tour.app.org_key(ACME).await, token_of(&tour.app, GUS, "gus@example.com").await);
    let shares = format!("{path}/shares");
    let with_gus = json!({ "grantee": "user", "email": "gus@example.com", "level": "viewer" });
    let made = tour.post(&shares).by(&key).json(with_gus).shows(201).await;
    tour.get(&shares).by(&key).shows(200).await;
    tour.get(&format!("{path}/access")).by(&key).shows(200).await;
    tour.get("/api/v1/me/shares").by(&gus).shows(200).await;
    tour.delete(&format!("{shares}/{}", text(&made.body["id"]))).by(&key).shows(204).await;
}
