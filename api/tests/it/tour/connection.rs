//! Connections of an organization and of a person, to a provider that may not be reached.

use serde_json::{Value, json};

use super::step::Tour;
use crate::me::token_of_ann;
use crate::support::text;
use crate::world::ACME;

fn archive() -> Value {
    json!({
        "name": "Archive", "provider": "s3",
        "settings": { "endpoint": "https://localhost", "bucket": "archive", "prefix": "doorward" },
        "credentials": { "access_key": "AKIAEXAMPLE", "secret_key": "example" },
    })
}

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    for connections in [format!("/api/v1/orgs/{ACME}/connections"), "/api/v1/me/connections".to_owned()] {
        let made = tour.post(&connections).by(&ann).json(archive()).shows(201).await;
        let path = format!("{connections}/{}", text(&made.body["id"]));
        tour.get(&connections).by(&ann).shows(200).await;
        tour.get(&path).by(&ann).shows(200).await;
        tour.patch(&path).by(&ann).json(json!({ "name": "Old archive" })).shows(200).await;
        tour.post(&format!("{path}/test")).by(&ann).shows(200).await;
        let credentials = json!({ "credentials": { "access_key": "AKIAEXAMPLE", "secret_key": "another" } });
        // The example is that of the path, whatever is asked besides.
        tour.put(&format!("{path}/credentials?test=false")).by(&ann).json(credentials).shows(200).await;
        tour.delete(&path).by(&ann).shows(204).await;
    }
    tour.get("/api/v1/providers/config-status").by(&ann).shows(200).await;
    let sam = crate::admin_users::administrator(&tour.app).await;
    tour.post("/api/v1/admin/encryption-keys/rotate").by(&sam).json(json!({})).shows(200).await;
}
