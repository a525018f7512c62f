//! Exports, with an archive that a worker would have packed.

use super::step::Tour;
use crate::me::token_of_ann;
use crate::support::text;
use crate::world::ANN;

const EXPORTS: &str = "/api/v1/me/exports";

pub(crate) async fn tour(tour: &mut Tour<'_>) {
    let ann = token_of_ann(&tour.app).await;
    let asked = tour.post(EXPORTS).by(&ann).shows(202).await;
    let id = text(&asked.body["id"]);
    let folder = tour.app.data.path().join("objects/exports").join(ANN);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{id}.zip")), b"PK\x03\x04").unwrap();
    tour.app.query(
        "update exports set state = 'ready', finished_at = '2026-11-21T12:00:05Z', size = 4, files_total = 3, files_done = 3,
             expires_at = '2026-11-28T12:00:05Z'",
    );
    tour.get(EXPORTS).by(&ann).shows(200).await;
    let path = format!("{EXPORTS}/{id}");
    tour.get(&path).by(&ann).shows(200).await;
    tour.get(&format!("{path}/content")).by(&ann).shows(200).await;
    tour.delete(&path).by(&ann).shows(204).await;
}
