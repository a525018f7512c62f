//! Background work, for tenants and for operators.

use super::step::Tour;
use crate::jobs::{job, register};
use crate::support::ROOT;
use crate::world::{ACME, VIC};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    register(&tour.app, "greet");
    let acme = tour.app.org_key(ACME).await;
    let dead = job("dead").org(ACME).user(VIC).insert(&tour.app);
    let waiting = job("pending").org(ACME).insert(&tour.app);
    job("done").org(ACME).insert(&tour.app);
    let path = |id: &str, what: &str| format!("/api/v1/queue/jobs/{id}{what}");
    tour.get("/api/v1/queue/jobs?state=dead").by(&acme).shows(200).await;
    tour.get(&path(&dead, "")).by(&acme).shows(200).await;
    tour.post(&path(&waiting, "/cancel")).by(&acme).shows(200).await;
    tour.post(&path(&dead, "/retry")).by(&acme).shows(200).await;
    tour.delete("/api/v1/queue/jobs?state=done").by(&acme).shows(200).await;

    let dead = job("dead").user(VIC).insert(&tour.app);
    let waiting = job("pending").org(ACME).insert(&tour.app);
    job("done").insert(&tour.app);
    let path = |what: &str| format!("/api/v1/admin/queue{what}");
    tour.get(&path("")).by(ROOT).shows(200).await;
    tour.get(&path("/schedules")).by(ROOT).shows(200).await;
    tour.get(&path(&format!("/jobs?user_id={VIC}&state=dead"))).by(ROOT).shows(200).await;
    tour.get(&path(&format!("/jobs/{dead}"))).by(ROOT).shows(200).await;
    tour.post(&path(&format!("/jobs/{waiting}/cancel"))).by(ROOT).shows(200).await;
    tour.post(&path(&format!("/jobs/{dead}/retry"))).by(ROOT).shows(200).await;
    tour.delete(&path("/jobs?state=done")).by(ROOT).shows(200).await;
    job("dead").insert(&tour.app);
    tour.post(&path("/kinds/greet/pause")).by(ROOT).shows(200).await;
    tour.post(&path("/kinds/greet/resume")).by(ROOT).shows(200).await;
    tour.post(&path("/kinds/greet/retry")).by(ROOT).shows(200).await;
}
