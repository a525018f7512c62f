//! `GET /api/v1/policies`, and a policy folder that changes while it is in force.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ROOT, TestApp, copied_policies, until};
use crate::world::VIC;

const PATH: &str = "/api/v1/policies";

async fn state(app: &TestApp) -> Value {
    app.get(PATH).by(ROOT).send().await.expect(200).body
}

async fn may_read(app: &TestApp) -> bool {
    app.ask(VIC, "resource.read", ("Resource", "plan")).await["decision"] == "allow"
}

/// Puts a file in place at once, as editors do.
fn save(folder: &Path, name: &str, text: &str) {
    let draft = folder.join(format!("{name}~"));
    fs::write(&draft, text).unwrap();
    fs::rename(draft, folder.join(name)).unwrap();
}

const FORBID: &str = "@id(\"test.closed\")\n@description(\"Closed\")\nforbid (principal, action in \
    Action::\"content\", resource);\n";

// proves POL-2
#[tokio::test]
async fn the_state_names_every_file_and_policy() {
    let app = TestApp::start().await;
    let state = state(&app).await;
    assert_eq!(state["hash"], app.live.snapshot().hash());
    assert_eq!(state["loaded_at"], crate::support::NOW);
    assert_eq!(state["age_seconds"], 0);
    assert_eq!(state["warnings"], json!([]));
    assert_eq!(state["broken"], Value::Null);
    let policies = state["policies"].as_array().unwrap();
    let files = state["files"].as_array().unwrap();
    let counted: u64 = files.iter().map(|file| file["policies"].as_u64().unwrap()).sum();
    assert_eq!(counted, policies.len() as u64);
    let viewer = policies.iter().find(|policy| policy["id"] == "content.viewer.read").unwrap();
    assert_eq!(viewer["effect"], "permit");
    assert_eq!(viewer["file"], "policies/content.cedar");
    assert!(viewer["line"].as_u64().unwrap() > 1);
    assert!(files.iter().any(|file| file["file"] == "policies/apps/docs.cedarschema"));
    app.clock.advance(std::time::Duration::from_secs(90));
    assert_eq!(crate::policies::state(&app).await["age_seconds"], 90);
}

// proves POL-2
#[tokio::test]
async fn the_next_decision_follows_a_good_edit() {
    let folder = copied_policies();
    let app = TestApp::setup().policies(folder.path()).start().await;
    let _watch = app.live.watch(|_| ()).unwrap();
    let before = state(&app).await;
    assert!(may_read(&app).await);
    save(folder.path(), "closed.cedar", FORBID);
    until("the edit is in force", || async { !may_read(&app).await }).await;
    let after = state(&app).await;
    assert_ne!(after["hash"], before["hash"]);
    assert_eq!(after["policies"].as_array().unwrap().len(), before["policies"].as_array().unwrap().len() + 1);

    fs::remove_file(folder.path().join("closed.cedar")).unwrap();
    until("the file's end is in force", || async { may_read(&app).await }).await;
    assert_eq!(state(&app).await["hash"], before["hash"], "equal files, equal hash");
}

// proves POL-2
#[tokio::test]
async fn a_broken_edit_is_loud_and_the_last_good_policies_stay() {
    let folder = copied_policies();
    let app = TestApp::setup().policies(folder.path()).start().await;
    let (watched, part) = (app.live.clone(), app.folder.clone());
    let _watch = app
        .live
        .watch(move |live| match live.status().broken {
            Some(_) => part.degraded("broken"),
            None => part.ready(),
        })
        .unwrap();
    let good = state(&app).await["hash"].clone();
    let content = fs::read_to_string(folder.path().join("content.cedar")).unwrap();
    let deep = format!("permit (principal, action, resource) when {{ {}true", "(".repeat(200));
    let twice = FORBID.to_owned() + FORBID;
    for (text, line, column, said) in [
        ("permit (principal, action, resource", 1, 36, "unexpected end"), // half-written
        ("permit (principal, action, resource);", 1, 1, "@id"),
        (&*deep, 1, 108, "nested"),
        (&*twice, 4, 1, "already used"),
        (&*FORBID.replace("\"content\"", "\"contend\""), 3, 1, "contend"),
    ] {
        app.clock.advance(std::time::Duration::from_secs(60));
        save(folder.path(), "closed.cedar", text);
        until("the edit is noticed", || async {
            let state = state(&app).await;
            state["broken"]["errors"][0]["message"].as_str().is_some_and(|message| message.contains(said))
        })
        .await;
        let now = state(&app).await;
        let error = &now["broken"]["errors"][0];
        assert_eq!(error["line"], line, "{error}");
        assert!(error["column"].as_u64().is_some_and(|at| at >= column), "{error}");
        assert!(error["file"].as_str().is_some_and(|file| file.ends_with("/closed.cedar")), "{error}");
        assert_eq!(now["broken"]["since"], "2026-11-21T12:01:00Z", "since the first break");
        assert_eq!(now["hash"], good);
        assert_eq!(watched.snapshot().hash(), good.as_str().unwrap());
        assert!(may_read(&app).await);
        // proves OPS-3
        let ready = app.get("/readyz").send().await.expect(200);
        assert_eq!(ready.body["status"], "degraded");
        assert_eq!(ready.body["parts"]["policies"]["status"], "degraded");
    }
    let metrics = app.get("/metrics").send().await.expect(200).text;
    assert!(metrics.contains("doorward_policies_broken 1"), "{metrics}");

    fs::remove_file(folder.path().join("closed.cedar")).unwrap();
    until("it is whole again", || async { state(&app).await["broken"].is_null() }).await;
    assert_eq!(app.get("/readyz").send().await.expect(200).body["status"], "ready");
    assert_eq!(fs::read_to_string(folder.path().join("content.cedar")).unwrap(), content);
}

// proves POL-2
#[tokio::test]
async fn a_folder_that_vanishes_changes_nothing() {
    let folder = copied_policies();
    let app = TestApp::setup().policies(folder.path()).start().await;
    let good = state(&app).await["hash"].clone();
    fs::rename(folder.path().join("core.cedarschema"), folder.path().join("core.away")).unwrap();
    app.live.reload();
    assert!(state(&app).await["broken"].is_object());
    assert!(may_read(&app).await);
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    app.live.reload();
    let now = state(&app).await;
    assert!(now["broken"].is_object());
    assert_eq!(now["hash"], good);
    assert!(may_read(&app).await);
    fs::rename(away, folder.path()).unwrap();
    fs::rename(folder.path().join("core.away"), folder.path().join("core.cedarschema")).unwrap();
    app.live.reload();
    assert!(state(&app).await["broken"].is_null());
}
