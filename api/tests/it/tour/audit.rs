//! Who changed what.

use serde_json::json;

use super::step::Tour;
use crate::support::ROOT;
use crate::world::{ACME, OPEN};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let body = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
    tour.app.put("/api/v1/resources/Resource/todo").by(ROOT).json(&body).send().await.expect(201);
    tour.app.key(None, &["audit:read"]).await;
    let of_org = format!("/api/v1/orgs/{ACME}/audit");
    tour.get("/api/v1/admin/audit?action=key.create").by(ROOT).shows(200).await;
    tour.get(&format!("{of_org}?limit=1")).by(ROOT).shows(200).await;
    tour.get("/api/v1/admin/audit/export?format=ndjson&action=key.create").by(ROOT).shows(200).await;
    tour.get(&format!("{of_org}/export?format=csv")).by(ROOT).shows(200).await;
}
