//! Bringing things in.

use serde_json::json;

use super::step::Tour;
use crate::support::ROOT;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let (user, org) = ("019aa000-0000-7000-8000-0000000000c1", "019aa000-0000-7000-8000-0000000000c2");
    let lines = [
        json!({ "user": { "id": user, "email": "ines@example.com", "name": "Ines", "status": "active" } }),
        json!({ "organization": {
            "id": org, "slug": "initech", "name": "Initech", "plan": "pro", "subscription_status": "active",
        } }),
        json!({ "membership": { "org_id": org, "user_id": user, "role": "owner" } }),
    ];
    let lines = lines.map(|line| line.to_string()).join("\n");
    tour.post("/api/v1/import").by(ROOT).text(&lines).shows(200).await;
}
