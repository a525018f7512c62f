//! Documents, in a folder.

use serde_json::json;

use super::step::Tour;
use crate::me::token_of_ann;
use crate::support::text;
use crate::world::OPEN;

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let documents = format!("/api/v1/workspaces/{OPEN}/documents");
    let new = json!({
        "name": "minutes.txt", "content_type": "text/plain", "size": 5,
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    });
    let made = tour.post(&documents).by(&ann).json(new).shows(201).await;
    let path = format!("{documents}/{}", text(&made.body["id"]));
    tour.post(&format!("{path}/parts")).by(&ann).shows(409).await;
    tour.put(&format!("{path}/content")).by(&ann).text("hello").shows(200).await;
    tour.post(&format!("{path}/complete")).by(&ann).shows(200).await;
    tour.get(&path).by(&ann).shows(200).await;
    tour.get(&format!("{documents}?search=minutes")).by(&ann).shows(200).await;
    tour.get(&format!("{path}/content")).by(&ann).shows(200).await;
    tour.post(&format!("{path}/download")).by(&ann).shows(200).await;
    tour.put("/api/v1/uploads/token").text("hello").shows(404).await;
    tour.get("/api/v1/downloads/token").shows(404).await;
    tour.get("/api/v1/me/quota").by(&ann).shows(200).await;
    tour.delete(&path).by(&ann).shows(204).await;
}
