//! API keys.

use serde_json::{Value, json};

use super::step::Tour;
use crate::support::{ROOT, text};
use crate::world::ACME;

fn new(name: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "scopes": scopes, "expires_at": "2027-11-21T12:00:00Z" })
}

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let of_org = format!("/api/v1/orgs/{ACME}/keys");
    let billing = new("billing service", &["authorize", "resources:write"]);
    tour.post(&of_org).by(ROOT).json(billing).shows(201).await;
    tour.get(&of_org).by(ROOT).shows(200).await;

    let importer = new("nightly import", &["import"]);
    let id = text(&tour.post("/api/v1/keys").by(ROOT).json(importer).shows(201).await.body["id"]);
    tour.get("/api/v1/keys?limit=1").by(ROOT).shows(200).await;
    let path = format!("/api/v1/keys/{id}");
    tour.get(&path).by(ROOT).shows(200).await;
    tour.post(&format!("{path}/rotate")).by(ROOT).shows(200).await;
    tour.delete(&path).by(ROOT).shows(204).await;
}
