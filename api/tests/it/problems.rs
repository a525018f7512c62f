//! Errors that no route makes: problem details all the same. The others are checked wherever a test sends a request.

use std::fs;

use serde_json::json;

use crate::support::{ROOT, TestApp, copied_policies, keys_of};
use crate::world::{ACME, VIC};

// proves API-1, API-2
#[tokio::test]
async fn what_is_not_served_is_a_problem() {
    let app = TestApp::setup().empty().start().await;
    for path in [
        "//",
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/keys/",
        "/api/v1//keys",
        "/api/v2/keys",
        "/%FF",
        "/API/V1/KEYS",
    ] {
        for token in [None, Some(ROOT)] {
            let call = app.get(path);
            let call = if let Some(token) = token { call.by(token) } else { call };
            call.send().await.problem(404, "no_such_route");
        }
    }
}

// proves API-1, API-2
#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_405_and_names_those_it_takes() {
    let app = TestApp::setup().empty().start().await;
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/keys", "GET,HEAD,POST"),
        ("GET", "/api/v1/authorize", "POST"),
        ("GET", "/api/v1/resources/bulk", "POST"),
        ("POST", "/api/v1/resources/Resource/plan", "GET,HEAD,PUT,PATCH,DELETE"),
        ("POST", "/healthz", "GET,HEAD"),
        ("BREW", "/readyz", "GET,HEAD"),
        ("OPTIONS", "/api/v1/policies", "GET,HEAD"),
    ] {
        let reply = app.call(method, path).by(ROOT).send().await;
        let reply = reply.problem(405, "method_not_allowed");
        let mut named: Vec<&str> = reply.header("allow").unwrap().split(',').collect();
        let mut expected: Vec<&str> = allowed.split(',').collect();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{method} {path}");
    }
}

// proves API-1
#[tokio::test]
async fn a_missing_page_of_the_documentation_is_a_problem() {
    let app = TestApp::setup().empty().start().await;
    app.get("/docs/nothing.js").send().await.problem(404, "no_such_route");
}

// proves API-2
#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::setup().empty().start().await;
    let reply = app.call("HEAD", "/api/v1/keys").by(ROOT).send().await.expect(200);
    assert_eq!(reply.text, "");
}

/// Puts an organization's subscription to rest.
async fn suspend(app: &TestApp, org: &str) {
    let line = json!({ "organization": {
        "id": org, "slug": "acme", "name": "acme", "plan": "pro", "subscription_status": "suspended",
    } });
    app.post("/api/v1/import").by(ROOT).body(line.to_string()).send().await.expect(200);
}

// proves API-1, PLN-3
#[tokio::test]
async fn a_refusal_carries_the_code_of_the_policy_that_forbids() {
    let app = TestApp::start().await;
    let token = app.org_key(ACME).await;
    let change = || app.patch("/api/v1/resources/Resource/plan").by(&token).json(&json!({})).send();
    change().await.expect(200);
    suspend(&app, ACME).await;
    let before = app.contents();
    let reply = change().await.problem(403, "organization_read_only");
    assert_eq!(reply.body["policies"][0]["id"], "limit.workspace_read_only");
    let new = json!({ "name": "new", "scopes": ["authorize"] });
    let reply = app.post(&keys_of(Some(ACME))).by(&token).json(&new).send().await;
    reply.problem(403, "organization_read_only");
    // Where no policy allows it, none has a word for it.
    app.get("/api/v1/policies").by(&token).send().await.problem(403, "forbidden");
    assert_eq!(app.contents(), before);
}

// proves API-1
#[tokio::test]
async fn of_several_codes_that_of_the_first_by_file_and_line_is_told() {
    let forbid = |id: &str, code: &str| {
        format!(
            "@id(\"{id}\")\n@description(\"Closed\")\n{code}forbid (principal is ApiKey, action == \
             Action::\"platform.view_policies\", resource);\n"
        )
    };
    let folder = copied_policies();
    let app = TestApp::setup().policies(folder.path()).empty().start().await;
    let code_with = async |name: &str, text: String| {
        fs::write(folder.path().join(name), text).unwrap();
        app.live.reload();
        let reply = app.get("/api/v1/policies").by(ROOT).send().await.expect(403);
        (reply.body["code"].clone(), reply.body["policies"].as_array().unwrap().len())
    };
    assert_eq!(code_with("closed_a.cedar", forbid("test.z", "")).await, (json!("forbidden"), 1));
    let two = forbid("test.y", "@code(\"second\")\n") + &forbid("test.a", "@code(\"third\")\n");
    assert_eq!(code_with("closed_b.cedar", two).await, (json!("second"), 3));
    let first = forbid("test.z", "@code(\"first\")\n");
    assert_eq!(code_with("closed_a.cedar", first).await, (json!("first"), 3));
}

// proves PDP-1, POL-2
#[tokio::test]
async fn codes_are_shown_with_the_policies_that_have_them() {
    let app = TestApp::start().await;
    suspend(&app, ACME).await;
    let answer = app.ask(VIC, "resource.update", ("Resource", "plan")).await;
    assert_eq!(answer["policies"][0]["code"], "organization_read_only", "{answer}");
    assert_eq!(answer["reason"]["code"], "forbidden", "the reason's code says what kind of deny it is");
    let answer = app.ask(VIC, "resource.read", ("Resource", "plan")).await;
    assert_eq!(answer["decision"], "allow");
    assert!(answer["policies"][0].get("code").is_none(), "{answer}");
    let state = app.get("/api/v1/policies").by(ROOT).send().await.expect(200).body;
    let listed = state["policies"].as_array().unwrap();
    let guests = listed.iter().find(|policy| policy["id"] == "account.guest_read_only").unwrap();
    assert_eq!(guests["code"], "account_expired");
}
