//! Documents, in a folder.

use serde_json::{Value, json};

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
    let made = tour.post(&documents).by(&ann).json(new.clone()).shows(201).await;
    let path = format!("{documents}/{}", text(&made.body["id"]));
    tour.put(&local(&made.body["upload"]["url"])).text("hello").shows(204).await;
    tour.post(&format!("{path}/complete")).by(&ann).shows(200).await;
    let another = tour.app.post(&documents).by(&ann).json(&new).send().await.expect(201);
    let another = format!("{documents}/{}", text(&another.body["id"]));
    tour.post(&format!("{another}/parts")).by(&ann).shows(409).await;
    tour.put(&format!("{another}/content")).by(&ann).text("hello").shows(200).await;
    tour.get(&path).by(&ann).shows(200).await;
    tour.get(&format!("{documents}?search=minutes")).by(&ann).shows(200).await;
    tour.get(&format!("{path}/content")).by(&ann).shows(200).await;
    let address = tour.post(&format!("{path}/download")).by(&ann).shows(200).await;
    tour.get(&local(&address.body["url"])).shows(200).await;
    tour.get("/api/v1/me/quota").by(&ann).shows(200).await;
    tour.delete(&path).by(&ann).shows(204).await;
}

/// The path of an address of Doorward's own.
fn local(url: &Value) -> String {
    let url = text(url);
    url[url.find("/api/").expect("an address of Doorward's own")..].to_owned()
}
