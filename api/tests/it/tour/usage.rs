//! What an organization uses, and its wallet.

use serde_json::json;

use super::step::Tour;
use crate::support::ROOT;
use crate::world::GLOBEX;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let usage = format!("/api/v1/orgs/{GLOBEX}/usage");
    let record = json!({ "metric": "messages", "amount": 1_700, "key": "import-2026-11-21" });
    tour.post(&format!("{usage}/records")).by(ROOT).json(record).shows(201).await;
    tour.get(&usage).by(ROOT).shows(200).await;

    let wallet = format!("/api/v1/orgs/{GLOBEX}/wallet");
    let paid = json!({ "amount": "250", "reason": "invoice 2026-117", "key": "invoice-2026-117" });
    tour.post(&format!("{wallet}/entries")).by(ROOT).json(paid).shows(201).await;
    tour.get(&format!("{wallet}/entries?kind=payment")).by(ROOT).shows(200).await;
    tour.get(&wallet).by(ROOT).shows(200).await;
}
