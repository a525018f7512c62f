//! Workspaces of an organization, who is in them, and with whom they are shared.

use serde_json::json;

use super::step::Tour;
use crate::me::token_of;
use crate::support::text;
use crate::world::{GLOBEX, GUS, VIC};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let gus = token_of(&tour.app, GUS, "gus@example.com").await;
    let all = format!("/api/v1/orgs/{GLOBEX}/workspaces");
    let made =
        tour.post(&all).by(&gus).json(json!({ "name": "Lab", "visibility": "private" })).shows(201).await;
    let lab = format!("{all}/{}", text(&made.body["id"]));
    tour.get(&all).by(&gus).shows(200).await;
    tour.get("/api/v1/workspaces").by(&gus).shows(200).await;
    tour.get(&lab).by(&gus).shows(200).await;
    tour.patch(&lab).by(&gus).json(json!({ "name": "Laboratory", "visibility": "org" })).shows(200).await;

    tour.app.query(&format!("insert into former_members values ('{GLOBEX}', '{VIC}', now())"));
    let member = json!({ "user_id": VIC, "role": "member" });
    tour.app.post(&format!("/api/v1/orgs/{GLOBEX}/members")).by(&gus).json(&member).send().await.expect(201);
    let members = format!("{lab}/members");
    tour.post(&members).by(&gus).json(json!({ "user_id": VIC, "role": "viewer" })).shows(201).await;
    tour.get(&members).by(&gus).shows(200).await;
    let vic = format!("{members}/{VIC}");
    tour.patch(&vic).by(&gus).json(json!({ "role": "editor" })).shows(200).await;
    tour.delete(&vic).by(&gus).shows(204).await;

    let shares = format!("{lab}/shares");
    let share = json!({ "grantee": "user", "email": "ann@example.com", "level": "viewer", "expires_at": "2027-01-01T00:00:00Z" });
    let share = tour.post(&shares).by(&gus).json(share).shows(201).await;
    tour.get(&shares).by(&gus).shows(200).await;
    tour.delete(&format!("{shares}/{}", text(&share.body["id"]))).by(&gus).shows(204).await;

    tour.post(&format!("{lab}/default")).by(&gus).shows(200).await;
    tour.post(&format!("{lab}/leave")).by(&gus).shows(204).await;
}

/// Where somebody works.
pub(crate) async fn context(tour: &mut Tour<'_>) {
    let gus = token_of(&tour.app, GUS, "gus@example.com").await;
    let to = json!({ "org_id": GLOBEX });
    let tokens = tour.post("/api/v1/switch/organization").by(&gus).json(to.clone()).shows(200).await;
    let gus = text(&tokens.body["access_token"]);
    tour.get("/api/v1/switch/current").by(&gus).shows(200).await;
    tour.get("/api/v1/orgs/current").by(&gus).shows(200).await;
    tour.patch("/api/v1/orgs/current").by(&gus).json(json!({ "sidebar_color": "#0a7cff" })).shows(200).await;
    let place = json!({ "workspace_id": crate::world::FAR });
    let tokens = tour.post("/api/v1/switch/workspace").by(&gus).json(place).shows(200).await;
    tour.put("/api/v1/orgs/current").by(&text(&tokens.body["access_token"])).json(to).shows(200).await;
}
