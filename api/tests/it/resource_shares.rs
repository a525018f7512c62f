//! `/api/v1/resources/{type}/{id}/shares`, `…/access` and `/api/v1/me/shares`

use std::time::Duration;

use serde_json::{Value, json};

use crate::me::token_of;
use crate::support::{NOW, ROOT, TestApp, text};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, OPEN, VIC};

const PLAN: &str = "/api/v1/resources/Resource/plan/shares";

fn with_gus(level: &str) -> Value {
    json!({ "grantee": "user", "email": "gus@example.com", "level": level })
}

async fn may_read(app: &TestApp, user: &str) -> bool {
    app.ask(user, "resource.read", ("Resource", "plan")).await["decision"] == "allow"
}

// proves RES-2
#[tokio::test]
async fn a_resource_is_shared_listed_and_taken_back() {
    let app = TestApp::start().await;
    let key = app.org_key(ACME).await;
    assert!(!may_read(&app, GUS).await);
    let made = app.post(PLAN).by(&key).json(&with_gus("viewer")).send().await.expect(201).body;
    assert_eq!(
        (&made["user_id"], &made["level"], &made["created_at"]),
        (&json!(GUS), &json!("viewer"), &json!(NOW))
    );
    assert!(may_read(&app, GUS).await);
    // Again, with more: the same share.
    let again = app.post(PLAN).by(&key).json(&with_gus("editor")).send().await.expect(201).body;
    assert_eq!((&again["id"], &again["level"]), (&made["id"], &json!("editor")));
    let listed = app.get(PLAN).by(&key).send().await.expect(200).body;
    assert_eq!((&listed["total"], &listed["shares"][0]["email"]), (&json!(1), &json!("gus@example.com")));

    let shared = app.get("/api/v1/me/shares").by(&token_of(&app, GUS, "gus@example.com").await).send().await;
    let thing = &shared.expect(200).body["shared"][0];
    assert_eq!(
        (&thing["kind"], &thing["resource_id"], &thing["level"]),
        (&json!("resource"), &json!("plan"), &json!("editor"))
    );

    let path = format!("{PLAN}/{}", text(&made["id"]));
    app.delete(&path).by(&key).send().await.expect(204);
    assert!(!may_read(&app, GUS).await);
    app.delete(&path).by(&key).send().await.problem(404, "not_found");
    assert_eq!(app.get(PLAN).by(&key).send().await.expect(200).body["total"], 0);
}

// proves RES-2
#[tokio::test]
async fn an_expired_share_stops_counting_at_that_instant() {
    let app = TestApp::start().await;
    let key = app.org_key(ACME).await;
    let mut body = with_gus("viewer");
    body["expires_at"] = json!("2026-11-21T12:10:00Z");
    app.post(PLAN).by(&key).json(&body).send().await.expect(201);
    let token = token_of(&app, GUS, "gus@example.com").await;
    let shared =
        async || app.get("/api/v1/me/shares").by(&token).send().await.expect(200).body["total"].clone();
    assert_eq!((may_read(&app, GUS).await, shared().await), (true, json!(1)));
    app.clock.advance(Duration::from_secs(600));
    assert_eq!((may_read(&app, GUS).await, shared().await), (false, json!(0)));
    // It is listed until somebody revokes it; one in the past is refused.
    assert_eq!(app.get(PLAN).by(&key).send().await.expect(200).body["total"], 1);
    app.post(PLAN).by(&key).json(&body).send().await.problem(422, "invalid").field("expires_at");
}

// proves RES-2, API-2
#[tokio::test]
async fn shares_of_a_foreign_resource_are_those_of_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let key = app.org_key(GLOBEX).await;
    let unknown = app.get("/api/v1/resources/Resource/nothing/shares").by(&key).send().await;
    let foreign = app.get(PLAN).by(&key).send().await;
    assert_eq!((foreign.status, &foreign.body["detail"]), (404, &unknown.body["detail"]));
    app.post(PLAN).by(&key).json(&with_gus("viewer")).send().await.problem(404, "not_found");
    app.get("/api/v1/resources/Resource/plan/access").by(&key).send().await.problem(404, "not_found");
    assert_eq!(app.query("select count(*) from shares where resource_id = 'plan'"), "0");
}

// proves RES-2
#[tokio::test]
async fn a_share_names_one_grantee_that_there_is() {
    let app = TestApp::start().await;
    let share = async |body: Value| app.post(PLAN).by(ROOT).json(&body).send().await;
    for body in [
        json!({ "grantee": "user", "level": "viewer" }),
        json!({ "grantee": "user", "email": "nobody@example.com", "level": "viewer" }),
        // No member of Acme: by the id nobody finds out who there is.
        json!({ "grantee": "user", "user_id": GUS, "level": "viewer" }),
        json!({ "grantee": "platform", "level": "viewer" }),
        json!({ "grantee": "organization", "org_slug": "nowhere", "level": "viewer" }),
        json!({ "grantee": "user", "email": "gus@example.com", "org_id": GLOBEX, "level": "viewer" }),
        json!({ "grantee": "user", "email": "gus@example.com", "level": "owner" }),
        json!({ "grantee": "user", "email": "gus@example.com", "level": "viewer", "price": 1 }),
        json!({}),
    ] {
        let reply = share(body.clone()).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text);
    }
    share(json!({ "grantee": "organization", "org_slug": "globex", "level": "viewer" })).await.expect(201);
    share(json!({ "grantee": "workspace", "workspace_id": FAR, "level": "editor" })).await.expect(201);
    share(json!({ "grantee": "user", "user_id": VIC, "level": "editor" })).await.expect(201);
    assert!(may_read(&app, GUS).await);
}

// proves RES-2, ACC-8
#[tokio::test]
async fn nothing_is_shared_with_an_account_that_is_being_deleted() {
    let app = TestApp::start().await;
    app.query(&format!("update users set status = 'deleting' where id in ('{GUS}', '{VIC}')"));
    let by_address = app.post(PLAN).by(ROOT).json(&with_gus("viewer")).send().await;
    by_address.problem(422, "invalid").field("email");
    let by_id = json!({ "grantee": "user", "user_id": VIC, "level": "viewer" });
    app.post(PLAN).by(ROOT).json(&by_id).send().await.problem(422, "invalid").field("user_id");
}

// proves RES-2
#[tokio::test]
async fn who_has_access_is_what_the_policies_say() {
    let app = TestApp::start().await;
    let key = app.org_key(ACME).await;
    let access = async |query: &str| {
        let path = format!("/api/v1/resources/Resource/plan/access{query}");
        app.get(&path).by(&key).send().await
    };
    let who = |body: &Value| -> Vec<(String, usize)> {
        let people = body["access"].as_array().unwrap();
        people.iter().map(|p| (text(&p["name"]), p["actions"].as_array().unwrap().len())).collect()
    };
    // Who is in an organization that it is shared with is that one's own affair.
    let with_globex = json!({ "grantee": "organization", "org_slug": "globex", "level": "viewer" });
    app.post(PLAN).by(&key).json(&with_globex).send().await.expect(201);
    // Ann administers the organization, Vic views the workspace.
    let before = access("").await.expect(200).body;
    assert_eq!(who(&before), [("ann".to_owned(), 4), ("vic".to_owned(), 1)]);
    assert_eq!(before["access"][1]["actions"], json!(["resource.read"]));
    app.post(PLAN).by(&key).json(&with_gus("editor")).send().await.expect(201);
    let after = access("?action=resource.update").await.expect(200).body;
    assert_eq!(who(&after), [("ann".to_owned(), 1), ("gus".to_owned(), 1)]);
    // Each is also what the authorize endpoint answers.
    for (user, may) in [(ANN, "allow"), (GUS, "allow"), (VIC, "deny")] {
        assert_eq!(app.ask(user, "resource.update", ("Resource", "plan")).await["decision"], may, "{user}");
    }
    let page = access("?limit=1&page=2").await.expect(200).body;
    assert_eq!((who(&page), &page["total"]), (vec![("gus".to_owned(), 2)], &json!(3)));
    access("?action=Docs::read").await.problem(422, "invalid").field("action");
    access("?action=").await.problem(422, "invalid").field("action");
    assert_eq!(app.query(&format!("select count(*) from resources where workspace_id = '{OPEN}'")), "2");
}
