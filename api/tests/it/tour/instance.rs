//! Instances, which wait for two sides.

use serde_json::json;

use super::step::Tour;
use crate::me::token_of_ann;
use crate::support::text;
use crate::world::{ACME, ANN};

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let instances = format!("/api/v1/orgs/{ACME}/instances");
    let new = json!({ "name": "Shop", "description": "The shop in Lyon." });
    let id = text(&tour.post(&instances).by(&ann).json(new).shows(201).await.body["id"]);
    let path = format!("{instances}/{id}");
    tour.put(&format!("{path}/technical")).by(&ann).json(json!({ "active": true })).shows(200).await;
    tour.get(&path).by(&ann).shows(200).await;
    tour.get(&format!("{instances}?operational=false")).by(&ann).shows(200).await;
    tour.app.query(&format!("update memberships set role = 'owner' where user_id = '{ANN}' returning 1"));
    tour.put(&format!("{path}/economic")).by(&ann).json(json!({ "active": true })).shows(200).await;
    tour.patch(&path).by(&ann).json(json!({ "name": "Shop in Lyon" })).shows(200).await;
    tour.delete(&path).by(&ann).shows(204).await;
}
