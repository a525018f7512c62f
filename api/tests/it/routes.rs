//! The table of routes: who gets in at all, and that nobody learns of another tenant.

use std::collections::BTreeSet;
use std::time::Duration;

use api::{Access, TABLE};
use authz::Snapshot;
use serde_json::{Value, json};

use crate::auth::PASSWORD;
use crate::jobs::job;
use crate::support::{Call, ROOT, TestApp, shipped, text};
use crate::world::{ACME, AGENT, ANN, FAR, GLOBEX, GUS, NOTHING, OPEN, VIC};

fn document() -> Value {
    serde_json::to_value(api::document("http://localhost")).unwrap()
}

/// Method and path of each operation of a document.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let items = document["paths"].as_object().unwrap().iter();
    let named = items.flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
    });
    named.collect()
}

/// The hosted pages: for people, and so in no document.
fn pages() -> BTreeSet<(String, String)> {
    operations(&serde_json::to_value(api::pages()).unwrap())
}

pub(crate) fn is_page(method: &str, path: &str) -> bool {
    pages().contains(&(method.to_owned(), path.to_owned()))
}

/// The routes that want credentials, with a path on which there is something of Acme's.
fn guarded(key: &str) -> Vec<(&'static str, String)> {
    let decided = TABLE.iter().filter(|(_, _, access)| matches!(access, Access::Action(_)));
    let acmes = There { org: ACME, key, resource: "plan", workspace: OPEN, ..NOWHERE };
    decided.map(|(method, path, _)| (*method, acmes.fill(path))).collect()
}

/// What a path can name.
struct There<'t> {
    org: &'t str,
    key: &'t str,
    resource: &'t str,
    decision: &'t str,
    job: &'t str,
    workspace: &'t str,
}

/// What is nowhere.
const NOWHERE: There<'static> = There {
    org: NOTHING,
    key: NOTHING,
    resource: "nothing",
    decision: NOTHING,
    job: NOTHING,
    workspace: NOTHING,
};

impl There<'_> {
    fn fill(&self, path: &str) -> String {
        let path = path.replace("{org_id}", self.org).replace("{key_id}", self.key);
        let path = path.replace("{decision_id}", self.decision).replace("{job_id}", self.job);
        let path = path.replace("{workspace_id}", self.workspace);
        // No organization has any of these.
        let path = path
            .replace("{user_id}", ANN)
            .replace("{session_id}", NOTHING)
            .replace("{purge_id}", NOTHING)
            .replace("{share_id}", NOTHING);
        let agent = if self.org == ACME { AGENT } else { NOTHING };
        let path = path.replace("{connection_id}", NOTHING).replace("{document_id}", NOTHING);
        let path = path.replace("{agent_id}", agent).replace("{instance_id}", NOTHING);
        let path = path.replace("{invitation_id}", NOTHING).replace("{token}", NOTHING);
        path.replace("{type}", "Resource").replace("{id}", self.resource).replace("{kind}", "greet")
    }
}

/// A body that the route takes, as far as it takes one.
pub(crate) fn body(method: &str, path: &str) -> String {
    let question = json!({ "action": "resource.read", "resource": { "type": "Resource", "id": "plan" } });
    match (method, path) {
        (_, "/api/v1/authorize") => question.to_string(),
        (_, "/api/v1/authorize/batch") => json!({ "requests": [question] }).to_string(),
        ("post", path) if path.ends_with("/documents") => json!({
            "name": "new", "content_type": "text/plain", "size": 0,
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        })
        .to_string(),
        ("put", path) if path.ends_with("/content") => String::new(),
        (_, path) if path.contains("/documents/") => json!({}).to_string(),
        ("put", path) if path.contains("/uploads/") => String::new(),
        ("post", path) if path.ends_with("/connections") => json!({
            "name": "new", "provider": "openai", "settings": { "base_url": "https://localhost" },
            "credentials": { "api_key": "k" },
        })
        .to_string(),
        ("put", path) if path.contains("/connections/") => {
            json!({ "credentials": { "api_key": "k" } }).to_string()
        }
        ("patch", path) if path.contains("/connections/") => json!({ "name": "changed" }).to_string(),
        ("post", path) if path.ends_with("/encryption-keys/rotate") => json!({}).to_string(),
        ("put", path) if path.ends_with("/quota") => json!({ "quota_bytes": 1 }).to_string(),
        ("put", path) if path.ends_with("/platform-role") => json!({ "platform_role": null }).to_string(),
        ("put", path) if path.ends_with("/ai") => json!({}).to_string(),
        ("post", path) if path.ends_with("/signing-key/rotate") => json!({ "when": "soon" }).to_string(),
        ("patch", path) if path.contains("/workspaces/") && path.contains("/members/") => {
            json!({ "role": "viewer" }).to_string()
        }
        ("patch", path) if path.contains("/members/") => json!({ "role": "member" }).to_string(),
        ("patch", path) if path.contains("/workspaces/") => json!({ "name": "new" }).to_string(),
        ("post", path) if path.ends_with("/workspaces") => json!({ "name": "new" }).to_string(),
        ("post", path) if path.contains("/workspaces/") && path.ends_with("/members") => {
            json!({ "user_id": ANN, "role": "viewer" }).to_string()
        }
        ("post", path)
            if path.ends_with("/shares") && !path.contains("/agents/") && !path.contains("/me/") =>
        {
            json!({ "grantee": "platform", "level": "viewer" }).to_string()
        }
        ("post", path) if path.ends_with("/members") => {
            json!({ "user_id": GUS, "role": "member" }).to_string()
        }
        ("patch", path) if path.starts_with("/api/v1/orgs/") && path.matches('/').count() == 4 => {
            json!({ "name": "new" }).to_string()
        }
        ("post", path) if path.ends_with("/invitations") => {
            json!({ "email": "ida@example.com", "role": "member" }).to_string()
        }
        ("post", path) if path.ends_with("/invitations/bulk") => {
            json!({ "invitations": [{ "email": "ida@example.com", "role": "member" }] }).to_string()
        }
        ("put", "/api/v1/orgs/current") | ("post", "/api/v1/switch/organization") => {
            json!({ "org_id": null }).to_string()
        }
        ("post", "/api/v1/switch/workspace") => json!({ "workspace_id": OPEN }).to_string(),
        ("post", path) if path.starts_with("/api/v1/invitations/") && path.ends_with("/register") => {
            json!({ "name": "Ida", "password": "zebra stripes at noon" }).to_string()
        }
        ("post", "/api/v1/orgs") => json!({ "name": "new" }).to_string(),
        ("post", path) if path.ends_with("/transfer") => json!({ "user_id": VIC }).to_string(),
        ("put", path) if path.starts_with("/api/v1/admin/orgs/") && path.ends_with("/plan") => {
            json!({ "plan": "pro" }).to_string()
        }
        ("put", path) if path.starts_with("/api/v1/admin/orgs/") && path.ends_with("/subscription") => {
            json!({ "subscription_status": "active" }).to_string()
        }
        ("put", path) if path.contains("/instances/") => json!({ "active": true }).to_string(),
        ("patch", path) if path.contains("/agents/") || path.contains("/instances/") => {
            json!({ "name": "changed" }).to_string()
        }
        ("post", path) if path.ends_with("/agents") => {
            json!({ "agent_type": "new", "name": "new" }).to_string()
        }
        ("post", path) if path.ends_with("/instances") => json!({ "name": "new" }).to_string(),
        ("post", path) if path.contains("/agents/") && path.ends_with("/shares") => {
            json!({ "org": "globex" }).to_string()
        }
        ("post", path) if path.ends_with("/agent-uses") => {
            json!({ "agent_id": AGENT, "key": "new" }).to_string()
        }
        ("post", path) if path.ends_with("/wallet/entries") => {
            json!({ "amount": "1", "reason": "new", "key": "new" }).to_string()
        }
        ("post", path) if path.ends_with("/usage/records") => {
            json!({ "metric": "messages", "amount": 1, "key": "new" }).to_string()
        }
        ("delete", "/api/v1/me") => json!({ "password": PASSWORD }).to_string(),
        ("delete", path) if path.starts_with("/api/v1/orgs/") && path.matches('/').count() == 4 => {
            json!({ "name": "acme" }).to_string()
        }
        ("put", _) => json!({ "workspace_id": OPEN, "attributes": { "kind": "changed" } }).to_string(),
        ("patch", _) => json!({ "attributes": { "kind": "changed" } }).to_string(),
        (_, "/api/v1/admin/mail/test") => {
            json!({ "template": "welcome", "locale": "en", "to": "ops@example.com" }).to_string()
        }
        ("post", path) if path.ends_with("/keys") => {
            json!({ "name": "new", "scopes": ["authorize"] }).to_string()
        }
        ("post", path) if path.ends_with("/invitations") => {
            json!({ "email": "nora@example.com", "role": "member" }).to_string()
        }
        ("post", path) if path.ends_with("/invitations/bulk") => json!({ "invitations": [] }).to_string(),
        ("post", path) if path.starts_with("/api/v1/invitations/") => {
            json!({ "name": "Nora", "password": "zebra stripes at dawn" }).to_string()
        }
        _ => String::new(),
    }
}

impl Call {
    /// With the body that the route takes.
    fn whole(self, method: &str, path: &str) -> Self {
        self.body(body(method, path))
    }
}

// proves API-6, API-7
#[test]
fn the_table_has_the_routes_of_the_document_and_the_hosted_pages() {
    let (documented, pages) = (operations(&document()), pages());
    assert!(!pages.is_empty() && pages.is_disjoint(&documented), "{pages:?}");
    let listed: BTreeSet<(String, String)> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(&documented | &pages, listed);
    assert_eq!(listed.len(), TABLE.len(), "a route is listed twice");
}

// proves API-7
#[test]
fn every_route_is_decided_by_an_action_that_the_policies_declare() {
    let snapshot = Snapshot::load(&shipped(), tenancy::ACTIONS).unwrap();
    let document = document();
    for (method, path, access) in TABLE {
        let operation = &document["paths"][path][method];
        match access {
            Access::Action(action) | Access::Open(action) => {
                assert!(tenancy::ACTIONS.contains(action), "{method} {path}: {action}");
                assert!(snapshot.action(action).is_some(), "{method} {path}: {action}");
                if is_page(method, path) {
                    continue;
                }
                assert_eq!(operation["x-action"], *action, "{method} {path}");
                match access {
                    Access::Open(_) => assert_eq!(operation["security"], json!([]), "{method} {path}"),
                    _ => assert!(operation["responses"]["401"].is_object(), "{method} {path}"),
                }
            }
            Access::Public if is_page(method, path) => {}
            Access::Public => assert_eq!(operation["security"], json!([]), "{method} {path}"),
        }
    }
}

// proves API-7
#[tokio::test]
async fn every_route_of_the_table_is_served() {
    let app = TestApp::start().await;
    for (method, path, _) in TABLE {
        let path = There { org: ACME, resource: "plan", ..NOWHERE }.fill(path);
        let reply = app.call(&method.to_uppercase(), &path).send().await;
        assert!(!matches!(reply.status, 405 | 500..), "{method} {path}: {}", reply.status);
        assert_ne!(reply.body["code"], "no_such_route", "{method} {path}");
    }
}

// proves API-2
#[tokio::test]
async fn nobody_gets_past_401_without_credentials_whatever_they_send() {
    let app = TestApp::start().await;
    let (key, _) = app.key(Some(ACME), &["authorize"]).await;
    let before = app.contents();
    for (method, path) in guarded(&key) {
        for body in [body(method, &path), String::new(), "not json".to_owned()] {
            let reply = app.call(&method.to_uppercase(), &path).body(body.clone()).send().await;
            let code = reply.body["code"].as_str();
            assert_eq!((reply.status, code), (401, Some("unauthenticated")), "{method} {path} {body:?}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"doorward\""));
        }
    }
    assert_eq!(app.contents(), before);
}

// proves API-2, KEY-1
#[tokio::test]
async fn nobody_gets_past_401_with_a_key_that_is_bad_expired_or_revoked() {
    let app = TestApp::start().await;
    let (key, _) = app.key(Some(ACME), &["authorize"]).await;
    let (revoked, revoked_token) = app.key(None, &["keys:manage"]).await;
    app.delete(&format!("/api/v1/keys/{revoked}")).by(ROOT).send().await.expect(204);
    let brief = json!({ "name": "brief", "scopes": ["keys:manage"], "expires_at": "2026-11-21T13:00:00Z" });
    let brief = app.post("/api/v1/keys").by(ROOT).json(&brief).send().await.expect(201);
    let brief_token = text(&brief.body["token"]);
    app.clock.advance(Duration::from_secs(3600));

    let mut bad: Vec<Vec<u8>> = vec![b"Bearer \xff\xfe".to_vec()];
    bad.extend(
        [
            "",
            "Bearer",
            "Bearer ",
            "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
            "Bearer dw_short",
            "Bearer dw_the-key-that-nobody-has-ever-made",
            "Bearer dw_the-key-that-every-test-begins-witH", // the right prefix, and not the right key
            ROOT,
            &format!("Bearer {ROOT} {ROOT}"),
            &format!("Bearer {}", "x".repeat(5_000)),
            &format!("Bearer {revoked_token}"),
            &format!("Bearer {brief_token}"),
        ]
        .map(|header| header.as_bytes().to_vec()),
    );
    let before = app.contents();
    for header in bad {
        for (method, path) in guarded(&key) {
            let call = app.call(&method.to_uppercase(), &path).whole(method, &path);
            let reply = call.header("authorization", &header).send().await;
            let said = String::from_utf8_lossy(&header);
            assert_eq!(reply.status, 401, "{method} {path} {said}");
            assert_eq!(reply.body["code"], "invalid_token", "{method} {path} {said}");
        }
    }
    assert_eq!(app.contents(), before);
}

// proves API-2, KEY-1
#[tokio::test]
async fn what_is_another_organizations_looks_like_what_does_not_exist() {
    let app = TestApp::setup().setting("DOORWARD_DECISION_LOG", "postgres").start().await;
    let (key, _) = app.key(Some(ACME), &["authorize"]).await;
    // So many requests want a large plan.
    app.query(&format!("update organizations set plan = 'enterprise' where id = '{GLOBEX}' returning 1"));
    let stranger = app.org_key(GLOBEX).await;
    let decision = text(&app.ask(ANN, "resource.read", ("Resource", "plan")).await["decision_id"]);
    assert_eq!(app.write_log().await, 1);
    let job = job("dead").org(ACME).insert(&app);
    let acmes =
        There { org: ACME, key: &key, resource: "plan", decision: &decision, job: &job, workspace: OPEN };
    let before = app.contents();
    for (method, path, _) in TABLE.iter().filter(|(_, path, _)| path.contains('{')) {
        let (real, made_up) = (acmes.fill(path), NOWHERE.fill(path));
        // A PUT would make what is not there, so both try it in a workspace of Acme's.
        let send = |path: String| app.call(&method.to_uppercase(), &path).by(&stranger).whole(method, &path);
        let (real, made_up) = (send(real).send().await, send(made_up).send().await);
        // What is the platform's is known to be there, and closed; and no key is a person with an account of its own.
        let is_persons = path.starts_with("/api/v1/me/") || path.ends_with("/accept");
        let is_platforms =
            path.starts_with("/api/v1/admin/queue") || path.starts_with("/api/v1/admin/purges");
        let is_known = is_platforms || is_persons;
        let expected = if is_known { 403 } else { 404 };
        assert_eq!(real.status, expected, "{method} {path}: {}", real.text);
        assert_eq!((real.status, &real.body), (made_up.status, &made_up.body), "{method} {path}");
        assert_eq!(real.headers.len(), made_up.headers.len(), "{method} {path}");
    }
    assert_eq!(app.contents(), before);
}

// proves API-2, RES-1
#[tokio::test]
async fn a_body_that_names_what_is_another_organizations_learns_nothing_either() {
    let app = TestApp::start().await;
    let stranger = app.org_key(GLOBEX).await;
    let before = app.contents();
    for there in [OPEN, NOTHING] {
        let put = json!({ "workspace_id": there, "attributes": { "kind": "note" } });
        let reply = app.put("/api/v1/resources/Resource/new").by(&stranger).json(&put).send().await;
        assert_eq!(reply.problem(404, "not_found").body["detail"], "there is no such workspace");
        let moved = json!({ "workspace_id": there });
        let reply = app.patch("/api/v1/resources/Resource/far").by(&stranger).json(&moved).send().await;
        assert_eq!(reply.problem(404, "not_found").body["detail"], "there is no such workspace");
        let line =
            json!({ "type": "Resource", "id": "new", "workspace_id": there, "attributes": { "kind": "n" } });
        let reply = app.post("/api/v1/resources/bulk").by(&stranger).json(&line).send().await;
        let said = reply.problem(422, "invalid").body["fields"].clone();
        assert_eq!(said, json!([{ "field": "line 1", "message": "there is no such workspace" }]));
    }
    for parent in ["plan", "nothing"] {
        let put = json!({
            "workspace_id": FAR, "attributes": { "kind": "note" }, "parents": [{ "type": "Resource", "id": parent }],
        });
        let reply = app.put("/api/v1/resources/Resource/new").by(&stranger).json(&put).send().await;
        let said = text(&reply.problem(422, "invalid").body["fields"][0]["message"]).replace(parent, "…");
        assert_eq!(said, "there is no Resource \"…\" in this workspace");
    }
    assert_eq!(app.contents(), before);
}

// proves API-2, KEY-1
#[tokio::test]
async fn the_platforms_routes_are_403_for_an_organizations_key() {
    let app = TestApp::start().await;
    let token = app.org_key(ACME).await;
    let before = app.contents();
    let new = json!({ "name": "new", "scopes": ["authorize"] });
    app.post("/api/v1/keys").by(&token).json(&new).send().await.problem(403, "forbidden");
    app.get("/api/v1/keys").by(&token).send().await.problem(403, "forbidden");
    app.get("/api/v1/decisions").by(&token).send().await.problem(403, "forbidden");
    app.get("/api/v1/policies").by(&token).send().await.problem(403, "forbidden");
    app.post("/api/v1/import").by(&token).send().await.problem(403, "forbidden");
    assert_eq!(app.contents(), before);
}

// proves KEY-1
#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let app = TestApp::start().await;
    let uses: [(&str, &str, &str, Value); 9] = [
        ("authorize", "POST", "/api/v1/authorize", json!(null)),
        ("resources:read", "GET", "/api/v1/resources/Resource/plan", json!(null)),
        ("resources:write", "PATCH", "/api/v1/resources/Resource/plan", json!({})),
        ("keys:manage", "GET", "/api/v1/keys", json!(null)),
        ("decisions:read", "GET", "/api/v1/decisions", json!(null)),
        ("jobs:read", "GET", "/api/v1/queue/jobs", json!(null)),
        ("jobs:write", "DELETE", "/api/v1/queue/jobs", json!(null)),
        ("policies:read", "GET", "/api/v1/policies", json!(null)),
        ("import", "POST", "/api/v1/import", json!(null)),
    ];
    for (scope, _, _, _) in &uses {
        let (_, token) = app.key(None, &[*scope]).await;
        for (needed, method, path, given) in &uses {
            let call = app.call(method, path).by(&token);
            let call = match *path {
                "/api/v1/import" => call,
                _ if given.is_null() => call.whole(&method.to_lowercase(), path),
                _ => call.json(given),
            };
            let reply = call.send().await;
            // An import of nothing is refused, once the caller may import.
            let done = if *path == "/api/v1/import" { 422 } else { 200 };
            let expected = if needed == scope { done } else { 403 };
            assert_eq!(reply.status, expected, "{scope} on {method} {path}: {}", reply.text);
        }
    }
}
