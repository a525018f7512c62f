//! `/api/v1/me/exports`

use serde_json::json;

use crate::me::token_of;
use crate::support::{TestApp, text};
use crate::world::{ANN, NOTHING, VIC};

const EXPORTS: &str = "/api/v1/me/exports";

// proves ACC-10
#[tokio::test]
async fn an_export_is_asked_for_once_at_a_time_and_is_nobody_elses() {
    let app = TestApp::start().await;
    let token = token_of(&app, ANN, "ann@example.com").await;
    let asked = app.post(EXPORTS).by(&token).send().await.expect(202);
    let path = asked.header("location").unwrap().to_owned();
    assert_eq!(path, format!("{EXPORTS}/{}", text(&asked.body["id"])));
    assert_eq!((&asked.body["state"], &asked.body["files_total"]), (&json!("pending"), &json!(null)));
    app.post(EXPORTS).by(&token).send().await.problem(409, "export_under_way");
    assert_eq!(app.query("select count(*) from jobs where kind = 'export.build'"), "1");
    app.get(&format!("{path}/content")).by(&token).send().await.problem(409, "export_not_ready");
    app.delete(&path).by(&token).send().await.problem(409, "export_not_ready");

    let other = token_of(&app, VIC, "vic@example.com").await;
    let foreign = app.get(&path).by(&other).send().await;
    let unknown = app.get(&format!("{EXPORTS}/{NOTHING}")).by(&other).send().await;
    assert_eq!((foreign.status, &foreign.body["detail"]), (404, &unknown.body["detail"]));
    app.get(&format!("{path}/content")).by(&other).send().await.problem(404, "not_found");
    assert_eq!(app.get(EXPORTS).by(&other).send().await.expect(200).body["total"], 0);
    assert_eq!(app.get(EXPORTS).by(&token).send().await.expect(200).body["total"], 1);
}

// proves ACC-10
#[tokio::test]
async fn of_eight_who_ask_at_once_one_is_heard() {
    let app = TestApp::start().await;
    let token = token_of(&app, ANN, "ann@example.com").await;
    let asked = futures::future::join_all((0..8).map(|_| app.post(EXPORTS).by(&token).send())).await;
    let mut statuses: Vec<u16> = asked.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(app.query("select count(*) from jobs where kind = 'export.build'"), "1");
}

// proves ACC-10
#[tokio::test]
async fn an_archive_is_fetched_until_its_time_is_over() {
    let app = TestApp::start().await;
    let token = token_of(&app, ANN, "ann@example.com").await;
    let asked = app.post(EXPORTS).by(&token).send().await.expect(202);
    let (path, id) = (asked.header("location").unwrap().to_owned(), text(&asked.body["id"]));
    let folder = app.data.path().join("objects/exports").join(ANN);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{id}.zip")), b"PK archive").unwrap();
    app.query(
        "update exports set state = 'ready', finished_at = '2026-11-21T12:00:00Z', size = 10,
                            expires_at = '2026-11-21T12:10:00Z'",
    );
    let content = format!("{path}/content");
    let got = app.get(&content).by(&token).send().await.expect(200);
    assert_eq!((got.text.as_str(), got.header("content-type").unwrap()), ("PK archive", "application/zip"));
    assert_eq!(
        got.header("content-disposition").unwrap(),
        "attachment; filename=\"doorward-export-2026-11-21.zip\""
    );
    app.clock.advance(std::time::Duration::from_secs(600));
    let token = token_of(&app, ANN, "ann@example.com").await;
    app.get(&content).by(&token).send().await.problem(410, "export_expired");
    assert_eq!(app.get(&path).by(&token).send().await.expect(200).body["state"], "expired");
}

// proves ACC-10
#[tokio::test]
async fn an_export_that_is_removed_is_given_out_no_more() {
    let app = TestApp::start().await;
    let token = token_of(&app, ANN, "ann@example.com").await;
    let path = app.post(EXPORTS).by(&token).send().await.expect(202).header("location").unwrap().to_owned();
    app.query(
        "update exports set state = 'ready', finished_at = '2026-11-21T12:00:00Z', size = 10,
                            expires_at = '2026-11-22T12:00:00Z'",
    );
    app.delete(&path).by(&token).send().await.expect(204);
    app.get(&format!("{path}/content")).by(&token).send().await.problem(410, "export_expired");
}
