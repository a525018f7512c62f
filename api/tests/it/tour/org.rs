//! Organizations and their members.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::administrator;
use crate::auth::PASSWORD;
use crate::me::{token_of, token_of_ann};
use crate::support::text;
use crate::world::{ACME, ANN, GLOBEX, GUS, VIC};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let new = json!({
        "name": "Initech", "full_name": "Initech Inc.", "address": { "city": "Austin", "country": "US" },
        "phone": "+15125550100", "organization_email": "hello@example.com", "billing_email": "bills@example.com",
        "sidebar_color": "#0a7cff",
    });
    let founded = tour.post("/api/v1/orgs").by(&ann).json(new).shows(201).await;
    tour.get("/api/v1/orgs").by(&ann).shows(200).await;
    let id = text(&founded.body["id"]);
    let org = |rest: &str| format!("/api/v1/orgs/{id}{rest}");
    tour.get(&org("")).by(&ann).shows(200).await;
    tour.patch(&org("")).by(&ann).json(json!({ "name": "Initech II", "phone": null })).shows(200).await;
    let vic = json!({ "user_id": VIC, "role": "member" });
    tour.post(&org("/members")).by(&ann).json(vic).shows(201).await;
    tour.get(&org("/members")).by(&ann).shows(200).await;
    let member = org(&format!("/members/{VIC}"));
    tour.get(&member).by(&ann).shows(200).await;
    tour.patch(&member).by(&ann).json(json!({ "role": "manager" })).shows(200).await;
    tour.post(&format!("{member}/suspend")).by(&ann).shows(200).await;
    tour.post(&format!("{member}/resume")).by(&ann).shows(200).await;
    tour.post(&org("/transfer")).by(&ann).json(json!({ "user_id": VIC })).shows(200).await;
    tour.post(&org("/leave")).by(&ann).shows(204).await;
    let gus = token_of(&tour.app, GUS, "gus@example.com").await;
    tour.app.query(&format!("insert into former_members values ('{GLOBEX}', '{ANN}', now())"));
    let add = json!({ "user_id": ANN, "role": "member" });
    tour.app.post(&format!("/api/v1/orgs/{GLOBEX}/members")).by(&gus).json(&add).send().await.expect(201);
    tour.delete(&format!("/api/v1/orgs/{GLOBEX}/members/{ANN}")).by(&gus).shows(204).await;
    let both = json!({
        "organization": { "name": "Hooli" },
        "user": { "email": "gavin@example.com", "password": PASSWORD, "name": "Gavin" },
    });
    tour.post("/api/v1/orgs/register").json(both).shows(201).await;
}

/// What the platform's admins do with organizations.
pub(crate) async fn administration(tour: &mut Tour<'_>) {
    let sam = administrator(&tour.app).await;
    tour.get("/api/v1/admin/orgs").by(&sam).shows(200).await;
    let org = |rest: &str| format!("/api/v1/admin/orgs/{ACME}/{rest}");
    tour.put(&org("plan")).by(&sam).json(json!({ "plan": "enterprise" })).shows(200).await;
    let trial = json!({ "subscription_status": "trial", "trial_ends_at": "2026-12-31T00:00:00Z" });
    tour.put(&org("subscription")).by(&sam).json(trial).shows(200).await;
    tour.post(&org("suspend")).by(&sam).json(json!({ "reason": "The invoice is overdue." })).shows(200).await;
    tour.post(&org("resume")).by(&sam).shows(200).await;
}
