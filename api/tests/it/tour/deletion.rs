//! Deletions: what they would do, and how they go.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::administrator;
use crate::auth::PASSWORD;
use crate::me::token_of;
use crate::support::text;
use crate::world::{GLOBEX, GUS, VIC};

/// The end of a purge of a workspace, as the worker writes it.
const RECEIPT: &str = r#"{
    "requested_at": "2026-11-21T12:00:00Z", "started_at": "2026-11-21T12:00:01Z", "finished_at": "2026-11-21T12:15:00Z",
    "counts": { "documents": 36, "objects": 36, "resources": 148, "shares": 5, "workspaces": 1 },
    "exceptions": [],
    "verification": { "verified_at": "2026-11-21T12:15:00Z", "stragglers": 0, "objects_left": 0, "rows_left": 0 }
}"#;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let gus = token_of(&tour.app, GUS, "gus@example.com").await;
    let org = format!("/api/v1/orgs/{GLOBEX}");
    let all = format!("{org}/workspaces");
    let made = tour.app.post(&all).by(&gus).json(&json!({ "name": "Attic" })).send().await.expect(201);
    let attic = format!("{all}/{}", text(&made.body["id"]));
    tour.get(&format!("{attic}/deletion")).by(&gus).shows(200).await;
    let asked = tour.delete(&attic).by(&gus).shows(202).await;
    let done = text(&asked.body["id"]);
    tour.app.query(&format!(
        "insert into purge_steps values ('{done}', 'remote', '2026-11-21T12:00:01Z', '2026-11-21T12:00:01Z', '{{}}'),
             ('{done}', 'objects', '2026-11-21T12:00:02Z', '2026-11-21T12:00:09Z', '{{\"objects\": 36}}')"
    ));
    tour.app.query(&format!(
        "update purges set state = 'done', step = 'receipt', started_at = '2026-11-21T12:00:01Z',
             finished_at = '2026-11-21T12:15:00Z', receipt = '{RECEIPT}' where id = '{done}'"
    ));
    tour.get(&format!("/api/v1/me/purge/{done}")).by(&gus).shows(200).await;
    tour.get(&format!("{org}/deletion")).by(&gus).shows(200).await;
    let asked = tour.delete(&org).by(&gus).json(json!({ "name": "globex" })).shows(202).await;
    let id = text(&asked.body["id"]);
    tour.app.query(&format!("update purges set state = 'waiting' where id = '{id}'"));
    tour.get("/api/v1/me/purges").by(&gus).shows(200).await;
    tour.post(&format!("/api/v1/me/purge/{id}/cancel")).by(&gus).shows(200).await;
    tour.get("/api/v1/me/deletion").by(&gus).shows(200).await;
    tour.delete("/api/v1/me").by(&gus).json(json!({ "password": PASSWORD })).shows(202).await;

    let sam = administrator(&tour.app).await;
    tour.app.query(&format!("update users set status = 'disabled' where id = '{VIC}'"));
    tour.delete(&format!("/api/v1/admin/users/{VIC}")).by(&sam).shows(202).await;
    tour.get("/api/v1/admin/purges?state=running").by(&sam).shows(200).await;
    tour.get(&format!("/api/v1/admin/purges/{done}")).by(&sam).shows(200).await;
}
