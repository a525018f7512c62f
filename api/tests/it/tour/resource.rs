//! Registered resources.

use serde_json::json;

use super::step::Tour;
use crate::support::ROOT;
use crate::world::{ANN, OPEN, VIC};

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
    tour.delete(path).by(ROOT).shows(204).await;
    let lines = ["todo", "ideas"].map(|id| {
        json!({ "type": "Resource", "id": id, "workspace_id": OPEN, "attributes": { "kind": "note" } })
            .to_string()
    });
    tour.post("/api/v1/resources/bulk").by(ROOT).text(&lines.join("\n")).shows(200).await;
}
