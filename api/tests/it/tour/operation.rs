//! For whoever runs it.

use serde_json::json;

use super::step::Tour;
use crate::admin_users::administrator;
use crate::support::ROOT;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    tour.get("/healthz").shows(200).await;
    tour.get("/readyz").shows(200).await;
    tour.get("/metrics").shows(200).await;
    tour.get("/api/v1/policies").by(ROOT).shows(200).await;
    let sam = administrator(&tour.app).await;
    tour.get("/api/v1/admin/stats").by(&sam).shows(200).await;
    let mail = json!({ "template": "welcome", "locale": "en", "to": "ops@example.com" });
    tour.post("/api/v1/admin/mail/test").by(ROOT).json(mail).shows(202).await;
}
