//! `Idempotency-Key`: what is sent again creates nothing again.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::admin_users::administrator;
use crate::support::{ROOT, Reply, TestApp, keys_of, text};
use crate::world::ACME;

const HEADER: &str = "idempotency-key";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Creates a key of Acme's, named so, under an idempotency key.
async fn create(app: &TestApp, by: &str, key: &str, name: &str) -> Reply {
    let body = json!({ "name": name, "scopes": ["authorize"] });
    app.post(&keys_of(Some(ACME))).by(by).header(HEADER, key).json(&body).send().await
}

/// How many keys of this name there are.
fn made(app: &TestApp, name: &str) -> String {
    app.query(&format!("select count(*) from api_keys where name = '{name}'"))
}

/// Holds an answer against the one before.
#[track_caller]
fn same(first: &Reply, again: &Reply) {
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text);
    assert_eq!(first.text, again.text);
    for name in ["location", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let revision = |reply: &Reply| reply.header("doorward-revision").unwrap().parse::<u64>().unwrap();
    assert!(
        revision(again) >= revision(first),
        "what was created is seen at the revision of the second answer"
    );
}

// proves API-5
#[tokio::test]
async fn what_is_sent_again_is_answered_to_the_byte_and_created_once() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let key = json!({ "name": "again", "scopes": ["authorize"] });
    let user = json!({ "email": "nora@example.com", "name": "Nora" });
    let share = json!({ "grantee": "user", "email": "vic@example.com", "level": "viewer" });
    let own = "/api/v1/me/workspace/shares".to_owned();
    for (path, by, body, count) in [
        (keys_of(None), ROOT, key.clone(), "api_keys where org_id is null and name = 'again'"),
        (keys_of(Some(ACME)), ROOT, key, "api_keys where org_id is not null and name = 'again'"),
        ("/api/v1/admin/users".to_owned(), &sam, user, "users where email = 'nora@example.com'"),
        (own, &sam, share, "audit where action = 'workspace.share'"),
    ] {
        let send = || app.post(&path).by(by).header(HEADER, path.replace('/', "-")).json(&body).send();
        let first = send().await.expect(201);
        same(&first, &send().await);
        same(&first, &send().await);
        assert_eq!(app.query(&format!("select count(*) from {count}")), "1", "{path}");
    }
    // Without a key nothing is kept.
    let kept = app.query("select count(*) from idempotency_keys");
    app.key(None, &["authorize"]).await;
    assert_eq!((kept.as_str(), app.query("select count(*) from idempotency_keys")), ("4", kept.clone()));
}

// proves API-5
#[tokio::test(flavor = "multi_thread")]
async fn of_requests_that_come_at_once_one_creates_and_the_others_get_its_answer() {
    let app = TestApp::start().await;
    let answers = join_all((0..8).map(|_| create(&app, ROOT, "one", "at once"))).await;
    let firsts: Vec<&Reply> =
        answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).collect();
    assert_eq!(firsts.len(), 1);
    for again in answers.iter().filter(|answer| answer.header("idempotency-replayed").is_some()) {
        same(firsts[0], again);
    }
    assert_eq!(made(&app, "at once"), "1");
    assert_eq!(
        app.query("select count(*) from audit where action = 'key.create' and actor_type = 'ApiKey'"),
        "1"
    );
}

// proves API-5
#[tokio::test]
async fn a_key_for_another_request_is_refused_and_another_callers_is_another_key() {
    let app = TestApp::start().await;
    let first = create(&app, ROOT, "mine", "first").await.expect(201);
    create(&app, ROOT, "mine", "second").await.problem(422, "idempotency_key_reused");
    let body = json!({ "name": "first", "scopes": ["authorize"] });
    let elsewhere = app.post(&keys_of(None)).by(ROOT).header(HEADER, "mine").json(&body).send().await;
    elsewhere.problem(422, "idempotency_key_reused");
    assert_eq!((made(&app, "first").as_str(), made(&app, "second").as_str()), ("1", "0"));

    let (_, other) = app.key(None, &["keys:manage", "authorize"]).await;
    let theirs = create(&app, &other, "mine", "first").await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), None);
    assert_ne!(theirs.body["id"], first.body["id"]);
    same(&theirs, &create(&app, &other, "mine", "first").await);
    same(&first, &create(&app, ROOT, "mine", "first").await);
}

// proves API-5
#[tokio::test]
async fn what_has_failed_can_be_tried_again_with_its_key() {
    let app = TestApp::start().await;
    let (id, weak) = app.key(Some(ACME), &["keys:manage"]).await;
    create(&app, &weak, "again", "late").await.problem(403, "forbidden");
    create(&app, ROOT, "again", "").await.problem(422, "invalid").field("name");
    assert_eq!(app.query("select count(*) from idempotency_keys"), "0");
    app.query(&format!(
        "update api_keys set scopes = '{{authorize,keys:manage}}' where id = '{id}' returning 1"
    ));
    let created = create(&app, &weak, "again", "late").await.expect(201);
    assert_eq!(created.header("idempotency-replayed"), None);
    create(&app, ROOT, "again", "named").await.expect(201);
    assert_eq!((made(&app, "late").as_str(), made(&app, "named").as_str()), ("1", "1"));
}

// proves API-5, API-2
#[tokio::test]
async fn a_key_that_cannot_be_is_422_and_creates_nothing() {
    let app = TestApp::start().await;
    let before = app.contents();
    let longest = "x".repeat(255);
    for key in ["", "a b", "ü", &"x".repeat(256)] {
        create(&app, ROOT, key, "new").await.problem(422, "invalid").field("Idempotency-Key");
    }
    let body = json!({ "name": "new", "scopes": ["authorize"] });
    let two = app.post(&keys_of(None)).by(ROOT).header(HEADER, "a").header(HEADER, "b").json(&body);
    two.send().await.problem(422, "invalid").field("Idempotency-Key");
    assert_eq!(app.contents(), before);
    create(&app, ROOT, &longest, "new").await.expect(201);
}

// proves API-5, KEY-1
#[tokio::test]
async fn the_token_in_an_answer_that_is_kept_is_nowhere_in_clear() {
    let app = TestApp::start().await;
    let token = text(&create(&app, ROOT, "secret", "kept").await.expect(201).body["token"]);
    assert_eq!(app.query("select count(*) from idempotency_keys where length(sealed_response) > 100"), "1");
    assert!(!app.contents().contains(&token));
    let escaped = "select encode(sealed_response, 'escape') from idempotency_keys";
    assert!(!app.query(escaped).contains(&token));
    // Nor is it given to whoever moves the row to a caller of their own.
    let (id, other) = app.key(None, &["keys:manage", "authorize"]).await;
    app.query(&format!("update idempotency_keys set actor = 'ApiKey::\"{id}\"' returning 1"));
    create(&app, &other, "secret", "kept").await.problem(503, "store_unavailable");
}

// proves API-5
#[tokio::test]
async fn an_answer_is_kept_for_24_hours() {
    let app = TestApp::start().await;
    let first = create(&app, ROOT, "daily", "report").await.expect(201);
    app.clock.advance(DAY - Duration::from_micros(1));
    same(&first, &create(&app, ROOT, "daily", "report").await);
    app.clock.advance(Duration::from_micros(1));
    let next = create(&app, ROOT, "daily", "another").await.expect(201);
    assert_eq!(next.header("idempotency-replayed"), None);
    assert_ne!(next.body["id"], first.body["id"]);
    same(&next, &create(&app, ROOT, "daily", "another").await);
}

// proves API-5, API-6
#[test]
fn every_route_that_takes_the_key_says_so() {
    let document = serde_json::to_value(api::document("http://localhost")).unwrap();
    for path in
        ["/api/v1/keys", "/api/v1/orgs/{org_id}/keys", "/api/v1/admin/users", "/api/v1/me/workspace/shares"]
    {
        let parameters =
            document["paths"][path]["post"]["parameters"].as_array().cloned().unwrap_or_default();
        let named = |given: &&Value| given["name"] == "Idempotency-Key" && given["in"] == "header";
        let header = parameters.iter().find(named).unwrap_or_else(|| panic!("{path}: {parameters:?}"));
        assert_eq!(header["required"], false, "{path}");
    }
}
