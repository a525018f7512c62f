//! Deletions that wait, and are called off.

use serde_json::{Value, json};

use super::{delete_me, join, status, targets};
use crate::auth::{login, register};
use crate::invitations::token_of;
use crate::support::{Reply, TestApp, text, time};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, HOME, OPEN, VIC};

async fn app() -> TestApp {
    TestApp::setup().setting("DOORWARD_DELETION_GRACE", "7d").start().await
}

fn shut(app: &TestApp) -> String {
    app.query(
        "select count(*) from (select deleting_at from workspaces union all select deleting_at from organizations) x
         where deleting_at is not null",
    )
}

/// Calls a deletion off with what its request answered.
async fn call_off(app: &TestApp, asked: &Value) -> Reply {
    let path = format!("/api/v1/me/purge/{}/cancel", text(&asked["id"]));
    app.post(&path).json(&json!({ "token": asked["token"] })).send().await
}

// proves ACC-8, PRG-1
#[tokio::test]
async fn an_account_that_waits_is_closed_and_comes_back_with_the_token() {
    let app = app().await;
    let vic = token_of(&app, VIC).await;
    let asked = delete_me(&app, &vic).await.expect(202);
    let (id, token) = (text(&asked.body["id"]), text(&asked.body["token"]));
    assert_eq!(asked.body["state"], "waiting");
    assert_eq!(time(&asked.body["due_at"]) - time(&asked.body["requested_at"]), chrono::TimeDelta::days(7));
    assert_eq!(app.query("select count(*) from jobs where kind = 'purge.run'"), "0");
    let mails = format!(
        "select count(*) from jobs where payload = '{{\"mail\": \"deletion_requested\", \"purge_id\": \"{id}\", \"recipient\": 0}}'"
    );
    assert_eq!(app.query(&mails), "1");
    login(&app, "vic@example.com").await.problem(401, "invalid_credentials");
    assert_eq!(shut(&app), "1");

    let cancel = format!("/api/v1/me/purge/{id}/cancel");
    let with = |token: &str| app.post(&cancel).json(&json!({ "token": token })).send();
    app.post(&cancel).send().await.problem(401, "unauthenticated");
    let gus = token_of(&app, GUS).await;
    app.post(&cancel).by(&gus).send().await.problem(404, "not_found");
    with(&format!("dwp_{}", "A".repeat(43))).await.problem(404, "not_found");
    assert_eq!(status(&app, VIC), "deleting");
    assert_eq!(with(&token).await.expect(200).body["state"], "cancelled");
    assert_eq!((status(&app, VIC), shut(&app)), ("active".into(), "0".into()));
    let back = text(&login(&app, "vic@example.com").await.expect(200).body["access_token"]);
    app.get("/api/v1/me").by(&back).send().await.expect(200);
    app.get("/api/v1/me").by(&vic).send().await.problem(401, "invalid_token");
    with(&token).await.problem(409, "not_waiting");
    assert_eq!(app.query("select count(*) from purge_recipients"), "0");
    // And it can be deleted again.
    delete_me(&app, &back).await.expect(202);
    assert_eq!(app.query(&format!("select count(*) from purges where subject_id = '{VIC}'")), "2");
}

// proves ACC-8
#[tokio::test]
async fn an_address_that_somebody_else_took_meanwhile_stays_theirs() {
    let app = app().await;
    let vic = token_of(&app, VIC).await;
    let asked = delete_me(&app, &vic).await.expect(202);
    register(&app, "Vic@example.com").await.expect(202);
    let cancel = format!("/api/v1/me/purge/{}/cancel", text(&asked.body["id"]));
    let with = json!({ "token": asked.body["token"] });
    app.post(&cancel).json(&with).send().await.problem(409, "email_taken");
    assert_eq!(
        (status(&app, VIC), app.query("select state from purges")),
        ("deleting".into(), "waiting".into())
    );
    let shut = app.query(&format!("select deleting_at is not null from workspaces where id = '{HOME}'"));
    assert_eq!(shut, "t");
}

// proves ORG-4, WSP-3
#[tokio::test]
async fn whoever_deleted_an_organization_or_a_workspace_calls_it_off_signed_in() {
    let app = app().await;
    let (gus, ann) = (token_of(&app, GUS).await, token_of(&app, ANN).await);
    let open = format!("/api/v1/orgs/{ACME}/workspaces/{OPEN}");
    let asked = app.delete(&open).by(&ann).send().await.expect(202);
    let cancel = format!("/api/v1/me/purge/{}/cancel", text(&asked.body["id"]));
    app.post(&cancel).by(&gus).send().await.problem(404, "not_found");
    app.get(&open).by(&ann).send().await.problem(404, "not_found");
    app.post(&cancel).by(&ann).send().await.expect(200);
    app.get(&open).by(&ann).send().await.expect(200);

    // What waited for itself goes along with its organization, and comes back with it.
    let org = format!("/api/v1/orgs/{GLOBEX}");
    let far = app.delete(&format!("{org}/workspaces/{FAR}")).by(&gus).send().await.expect(202);
    let asked = app.delete(&org).by(&gus).json(&json!({ "name": "globex" })).send().await.expect(202);
    let absorbed = app.get(&format!("/api/v1/me/purge/{}", text(&far.body["id"]))).by(&gus).send().await;
    assert_eq!(absorbed.expect(200).body["state"], "cancelled");
    app.get(&org).by(&gus).send().await.problem(404, "not_found");
    let id = text(&asked.body["id"]);
    app.post(&format!("/api/v1/me/purge/{id}/cancel")).by(&gus).send().await.expect(200);
    app.get(&org).by(&gus).send().await.expect(200);
    assert_eq!(shut(&app), "0");
    app.query(&format!("update purges set state = 'running', finished_at = null where id = '{id}'"));
    app.post(&format!("/api/v1/me/purge/{id}/cancel")).by(&gus).send().await.problem(409, "not_waiting");
}

// proves ACC-9, ORG-6
#[tokio::test]
async fn an_organization_does_not_come_back_without_an_owner() {
    let app = app().await;
    join(&app, GLOBEX, VIC, "member");
    let gus = token_of(&app, GUS).await;
    let path = format!("/api/v1/orgs/{GLOBEX}");
    let globex = app.delete(&path).by(&gus).json(&json!({ "name": "globex" })).send().await.expect(202).body;
    let account = delete_me(&app, &gus).await.expect(202).body;
    call_off(&app, &globex).await.problem(409, "no_owner");
    let states = "select string_agg(distinct state, ' ') from purges";
    assert_eq!((app.query(states).as_str(), shut(&app).as_str()), ("waiting", "2"));
    call_off(&app, &account).await.expect(200);
    call_off(&app, &globex).await.expect(200);
    assert_eq!(shut(&app), "0");
    let gus = text(&login(&app, "gus@example.com").await.expect(200).body["access_token"]);
    app.get(&path).by(&gus).send().await.expect(200);
}

// proves ACC-9, PRG-3
#[tokio::test]
async fn an_organization_does_not_go_along_with_one_owner_while_another_can_come_back() {
    let app = app().await;
    join(&app, GLOBEX, VIC, "owner");
    let (gus, vic) = (token_of(&app, GUS).await, token_of(&app, VIC).await);
    let first = delete_me(&app, &gus).await.expect(202).body;
    delete_me(&app, &vic).await.problem(409, "sole_owner");
    call_off(&app, &first).await.expect(200);
    let second = delete_me(&app, &vic).await.expect(202).body;
    assert_eq!(targets(&app, &second["id"]), [VIC, HOME]);
    let shut = app.query(&format!("select deleting_at is null from organizations where id = '{GLOBEX}'"));
    assert_eq!(shut, "t");
}

// proves ACC-8
#[tokio::test]
async fn the_page_behind_the_link_calls_off_with_its_button_only() {
    let app = app().await;
    let vic = token_of(&app, VIC).await;
    let token = text(&delete_me(&app, &vic).await.expect(202).body["token"]);
    let page = format!("/cancel-deletion?token={token}");
    let shown = app.get(&page).send().await.expect(200);
    assert!(
        shown.text.contains("Keep your account?") && shown.text.contains("2026-11-28 12:00 UTC"),
        "{}",
        shown.text
    );
    assert!(app.get(&format!("{page}&lang=fr")).send().await.text.contains("votre compte"));
    assert_eq!(status(&app, VIC), "deleting");
    let press = || {
        let form = format!("token={token}");
        app.post("/cancel-deletion")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
    };
    assert!(press().await.expect(200).text.contains("as it was"));
    assert_eq!(status(&app, VIC), "active");
    assert!(press().await.expect(200).text.contains("The deletion was called off"));
    app.get("/cancel-deletion?token=x").send().await.expect(404);
    app.get("/cancel-deletion").send().await.expect(404);
}
