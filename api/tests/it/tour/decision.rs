//! Questions, answers, and the log of them.

use serde_json::{Value, json};

use super::step::Tour;
use crate::support::{ROOT, text};
use crate::world::{ACME, VIC};

fn may_vic(action: &str, resource: &str) -> Value {
    json!({
        "principal": { "type": "User", "id": VIC }, "action": action,
        "resource": { "type": "Resource", "id": resource },
    })
}

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let mut question = may_vic("resource.read", "gold");
    question["context"] = json!({ "ip": "192.0.2.1" });
    let told = tour.post("/api/v1/authorize").by(ROOT).json(question).shows(200).await.body;
    let questions =
        json!({ "requests": [may_vic("resource.read", "plan"), may_vic("resource.read", "far")] });
    tour.post("/api/v1/authorize/batch").by(ROOT).json(questions).shows(200).await;
    assert_eq!(tour.app.write_log().await, 3);
    tour.get("/api/v1/decisions?decision=allow&limit=1").by(ROOT).shows(200).await;
    let of_org = format!("/api/v1/orgs/{ACME}/decisions?principal_type=User&principal_id={VIC}&limit=2");
    tour.get(&of_org).by(ROOT).shows(200).await;
    let path = format!("/api/v1/decisions/{}", text(&told["decision_id"]));
    tour.get(&path).by(ROOT).shows(200).await;
}
