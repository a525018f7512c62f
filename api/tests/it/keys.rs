//! `/api/v1/keys` and `/api/v1/orgs/{org_id}/keys`

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOW, ROOT, TestApp, keys_of, text, time};
use crate::world::{ACME, GLOBEX, NOTHING, OPEN};

fn new(name: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "scopes": scopes })
}

/// A question that only a key with scope `authorize` may ask.
async fn may_ask(app: &TestApp, token: &str) -> u16 {
    let question = json!({ "action": "workspace.view", "resource": { "type": "Workspace", "id": OPEN } });
    app.post("/api/v1/authorize").by(token).json(&question).send().await.status
}

// proves KEY-1
#[tokio::test]
async fn a_new_key_is_shown_once_and_works_at_once() {
    let app = TestApp::start().await;
    for org in [None, Some(ACME)] {
        let body = json!({
            "name": "Büro 1", "scopes": ["resources:read", "authorize", "authorize"], "expires_at": "2027-01-01T00:00:00Z",
        });
        let made = app.post(&keys_of(org)).by(ROOT).json(&body).send().await.expect(201);
        let (id, token) = (text(&made.body["id"]), text(&made.body["token"]));
        assert_eq!(made.header("location"), Some(&*format!("/api/v1/keys/{id}")));
        assert!(made.header("doorward-revision").unwrap().parse::<u64>().is_ok());
        assert_eq!(made.header("cache-control"), Some("no-store"));
        assert_eq!(made.body["org_id"], json!(org));
        assert_eq!(made.body["name"], "Büro 1");
        assert_eq!(made.body["scopes"], json!(["authorize", "resources:read"]));
        assert_eq!(made.body["prefix"], token[..12]);
        assert_eq!(made.body["created_at"], NOW);
        assert_eq!(time(&made.body["expires_at"]), time(&body["expires_at"]));
        assert_eq!(made.body["revoked_at"], Value::Null);
        assert_eq!(may_ask(&app, &token).await, 200);

        let seen = app.get(&format!("/api/v1/keys/{id}")).by(ROOT).send().await.expect(200);
        let mut without = made.body.clone();
        without.as_object_mut().unwrap().remove("token");
        without["last_used_at"] = json!(NOW);
        assert_eq!(seen.body, without);
        let listed = app.get(&keys_of(org)).by(ROOT).send().await.expect(200);
        assert!(listed.body["keys"].as_array().unwrap().contains(&without), "{}", listed.text);
        for reply in [&seen, &listed] {
            assert!(!reply.text.contains(&token), "{}", reply.text);
        }
        // Nowhere in the store either: only a hash of it.
        assert!(!app.contents().contains(&token));
    }
}

// proves KEY-1
#[tokio::test]
async fn a_key_that_cannot_be_is_422_and_names_its_fields() {
    let app = TestApp::start().await;
    let before = app.contents();
    let with = |name: &str, value: Value| {
        let mut body = new("fine", &["authorize"]);
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("name", json!("")), "name"),
        (with("name", json!("   ")), "name"),
        (with("name", json!("x".repeat(101))), "name"),
        (with("name", json!("a\nb")), "name"),
        (with("name", json!("a\u{0}b")), "name"),
        (with("name", json!(7)), "name"),
        (with("scopes", json!([])), "scopes"),
        (with("scopes", json!("authorize")), "scopes"),
        (with("scopes", json!(["authorize", "everything"])), "scopes[1]"),
        (with("expires_at", json!(NOW)), "expires_at"),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), "expires_at"),
        (with("expires_at", json!("tomorrow")), "expires_at"),
        (with("expires_at", json!("2027-01-01")), "expires_at"),
        (with("org_id", json!(ACME)), "org_id"),
        (with("created_at", json!("2020-01-01T00:00:00Z")), "created_at"),
        (with("token", json!("dw_a-token-of-my-own-choice-and-long")), "token"),
        (json!({ "scopes": ["authorize"] }), ""),
    ] {
        for org in [None, Some(ACME)] {
            let reply = app.post(&keys_of(org)).by(ROOT).json(&body).send().await;
            reply.problem(422, "invalid").field(field);
        }
    }
    for body in ["", "not json", "[]"] {
        app.post("/api/v1/keys").by(ROOT).body(body).send().await.problem(422, "invalid");
    }
    let over = " ".repeat((1 << 20) + 1);
    app.post("/api/v1/keys").by(ROOT).body(over).send().await.problem(413, "body_too_large");
    assert_eq!(app.contents(), before);
    let longest = new(&"ü".repeat(100), &["authorize"]);
    app.post("/api/v1/keys").by(ROOT).json(&longest).send().await.expect(201);
}

// proves KEY-1
#[tokio::test]
async fn a_key_gives_no_scope_that_it_has_not() {
    let app = TestApp::start().await;
    for org in [None, Some(ACME)] {
        let (_, token) = app.key(org, &["keys:manage", "resources:read"]).await;
        let before = app.contents();
        for scopes in [&["authorize"][..], &["resources:read", "resources:write"], &["import"]] {
            let reply = app.post(&keys_of(org)).by(&token).json(&new("more", scopes)).send().await;
            reply.problem(403, "forbidden");
        }
        assert_eq!(app.contents(), before);
        let less = new("less", &["resources:read"]);
        app.post(&keys_of(org)).by(&token).json(&less).send().await.expect(201);
    }
}

// proves KEY-1
#[tokio::test]
async fn an_organization_never_gets_a_key_of_the_platform() {
    let app = TestApp::start().await;
    for scope in ["import", "policies:read"] {
        let reply = app.post(&keys_of(Some(ACME))).by(ROOT).json(&new("more", &[scope])).send().await;
        let reply = reply.problem(403, "forbidden");
        assert_eq!(reply.body["policies"][0]["id"], "key.org.no_platform_scopes");
        assert!(!text(&reply.body["policies"][0]["description"]).is_empty());
    }
    let reply = app.post(&keys_of(Some(NOTHING))).by(ROOT).json(&new("x", &["authorize"])).send().await;
    reply.problem(404, "not_found");
}

// proves API-3
#[tokio::test]
async fn a_list_comes_in_pages_newest_first() {
    let app = TestApp::start().await;
    let mut made = vec![];
    for _ in 0..7 {
        app.clock.advance(Duration::from_secs(60));
        made.insert(0, app.key(Some(ACME), &["authorize"]).await.0);
    }
    app.key(Some(GLOBEX), &["authorize"]).await;
    let page = async |query: &str| {
        let reply = app.get(&format!("/api/v1/orgs/{ACME}/keys{query}")).by(ROOT).send().await.expect(200);
        let keys = reply.body["keys"].as_array().unwrap().iter().map(|key| text(&key["id"])).collect();
        let mut info = reply.body;
        info.as_object_mut().unwrap().remove("keys");
        (keys, info)
    };
    let info = |page: u32, size: u32, pages: u32, next: bool, previous: bool| {
        json!({
            "total": 7, "page": page, "page_size": size, "total_pages": pages,
            "has_next": next, "has_previous": previous,
        })
    };
    let whole: (Vec<String>, Value) = page("").await;
    assert_eq!(whole, (made.clone(), info(1, 20, 1, false, false)));
    assert_eq!(page("?limit=3").await, (made[..3].to_vec(), info(1, 3, 3, true, false)));
    assert_eq!(page("?limit=3&page=2").await, (made[3..6].to_vec(), info(2, 3, 3, true, true)));
    assert_eq!(page("?limit=3&page=3").await, (made[6..].to_vec(), info(3, 3, 3, false, true)));
    assert_eq!(page("?limit=100").await, (made, info(1, 100, 1, false, false)));
    let beyond = page("?limit=100&page=4294967295").await;
    assert_eq!(beyond, (vec![], info(u32::MAX, 100, 1, false, true)));
}

// proves API-2, API-3
#[tokio::test]
async fn a_page_that_cannot_be_is_422() {
    let app = TestApp::start().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=abc",
        "limit=-1",
        "limit=",
        "limit=4294967296",
        "page=0",
        "page=-1",
        "page=1.5",
        "page=1&page=2",
        "sort=name",
        "offset=3",
        "Limit=3",
    ] {
        for path in [keys_of(None), keys_of(Some(ACME))] {
            app.get(&format!("{path}?{query}")).by(ROOT).send().await.problem(422, "invalid");
        }
    }
    for path in ["/api/v1/keys/no-uuid", "/api/v1/keys/%FF", "/api/v1/orgs/no-uuid/keys"] {
        app.get(path).by(ROOT).send().await.problem(422, "invalid").field("path");
    }
    app.delete("/api/v1/keys/no-uuid").by(ROOT).send().await.problem(422, "invalid").field("path");
    app.post("/api/v1/keys/no-uuid/rotate").by(ROOT).send().await.problem(422, "invalid").field("path");
}

// proves API-4
#[tokio::test]
async fn fields_narrow_what_is_returned_and_must_exist() {
    let app = TestApp::start().await;
    let (id, _) = app.key(None, &["authorize"]).await;
    let one = app.get(&format!("/api/v1/keys/{id}?fields=id,%20name")).by(ROOT).send().await.expect(200);
    assert_eq!(one.body, json!({ "id": id, "name": "test" }));
    let list = app.get("/api/v1/keys?fields=prefix&limit=1").by(ROOT).send().await.expect(200);
    assert_eq!(list.body["keys"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["prefix"]);
    assert_eq!(list.body["total"], 2);
    for unknown in ["hash", "token", "id,secret", "", "id,,name"] {
        for path in [format!("/api/v1/keys/{id}"), keys_of(None)] {
            let reply = app.get(&format!("{path}?fields={unknown}")).by(ROOT).send().await;
            reply.problem(422, "invalid").field("fields");
        }
    }
}

// proves KEY-1
#[tokio::test]
async fn a_rotated_key_has_a_new_secret_and_the_old_one_is_dead() {
    let app = TestApp::start().await;
    let (id, old) = app.key(Some(ACME), &["authorize"]).await;
    let rotated = app.post(&format!("/api/v1/keys/{id}/rotate")).by(ROOT).send().await.expect(200);
    let token = text(&rotated.body["token"]);
    assert_ne!(token, old);
    assert_eq!(rotated.body["id"], json!(id));
    assert_eq!(rotated.body["prefix"], token[..12]);
    assert!(rotated.header("doorward-revision").is_some());
    assert_eq!(may_ask(&app, &old).await, 401);
    assert_eq!(may_ask(&app, &token).await, 200);
    // A key rotates itself, too.
    let again = app.post(&format!("/api/v1/keys/{id}/rotate")).by(&token).send().await.expect(200);
    assert_eq!(may_ask(&app, &token).await, 401);
    assert_eq!(may_ask(&app, &text(&again.body["token"])).await, 200);
    app.post(&format!("/api/v1/keys/{NOTHING}/rotate")).by(ROOT).send().await.problem(404, "not_found");
}

// proves KEY-1
#[tokio::test]
async fn a_revoked_key_is_dead_at_once_and_for_good() {
    let app = TestApp::start().await;
    let (id, token) = app.key(Some(ACME), &["authorize"]).await;
    assert_eq!(may_ask(&app, &token).await, 200);
    let path = format!("/api/v1/keys/{id}");
    let reply = app.delete(&path).by(ROOT).send().await.expect(204);
    assert_eq!(reply.text, "");
    assert!(reply.header("doorward-revision").is_some());
    assert_eq!(may_ask(&app, &token).await, 401);
    let seen = app.get(&path).by(ROOT).send().await.expect(200).body;
    assert_eq!(seen["revoked_at"], NOW);
    app.clock.advance(Duration::from_secs(60));
    app.delete(&path).by(ROOT).send().await.expect(204);
    assert_eq!(app.get(&path).by(ROOT).send().await.body["revoked_at"], NOW, "the first time counts");
    app.post(&format!("{path}/rotate")).by(ROOT).send().await.problem(409, "key_revoked");
    assert_eq!(may_ask(&app, &token).await, 401);
    app.delete(&format!("/api/v1/keys/{NOTHING}")).by(ROOT).send().await.problem(404, "not_found");
}

// proves KEY-1
#[tokio::test]
async fn an_expired_key_stops_at_that_instant() {
    let app = TestApp::start().await;
    let body = json!({ "name": "brief", "scopes": ["authorize"], "expires_at": "2026-11-21T12:01:00Z" });
    let made = app.post("/api/v1/keys").by(ROOT).json(&body).send().await.expect(201);
    let token = text(&made.body["token"]);
    app.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(may_ask(&app, &token).await, 200);
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(may_ask(&app, &token).await, 401);
}

// proves KEY-1
#[tokio::test]
async fn a_manager_of_keys_changes_none_that_can_do_more() {
    let app = TestApp::start().await;
    let (_, manager) = app.key(Some(ACME), &["keys:manage"]).await;
    let (id, stronger) = app.key(Some(ACME), &["authorize"]).await;
    let path = format!("/api/v1/keys/{id}");
    app.get(&path).by(&manager).send().await.expect(200);
    app.post(&format!("{path}/rotate")).by(&manager).send().await.problem(403, "forbidden");
    app.delete(&path).by(&manager).send().await.problem(403, "forbidden");
    assert_eq!(may_ask(&app, &stronger).await, 200);
}

// proves KEY-1
#[tokio::test]
async fn the_last_use_of_a_key_is_known_to_a_minute() {
    let app = TestApp::start().await;
    let (id, token) = app.key(None, &["authorize"]).await;
    let used = async || {
        let key = app.get(&format!("/api/v1/keys/{id}")).by(ROOT).send().await.expect(200);
        key.body["last_used_at"].clone()
    };
    assert_eq!(used().await, Value::Null);
    may_ask(&app, &token).await;
    assert_eq!(used().await, NOW);
    app.clock.advance(Duration::from_secs(59));
    may_ask(&app, &token).await;
    assert_eq!(used().await, NOW);
    app.clock.advance(Duration::from_secs(1));
    may_ask(&app, &token).await;
    // An answer does not wait for the note.
    while used().await == NOW {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(used().await, "2026-11-21T12:01:00Z");
}

// proves KEY-1, AUD-1
#[tokio::test]
async fn the_audit_log_tells_of_a_key_without_its_secret() {
    let app = TestApp::start().await;
    let request = "req-of-the-audit";
    let made = app.post(&keys_of(Some(ACME))).by(ROOT).header("x-request-id", request);
    let made = made.json(&new("audited", &["authorize"])).send().await.expect(201);
    let log = app.contents();
    assert!(log.contains(request));
    assert!(log.contains("key.create"));
    assert!(!log.contains(&text(&made.body["token"])));
}
