//! Errors that no route makes: problem details all the same. The others are checked wherever a test sends a request.

use crate::support::{ROOT, TestApp};

// proves API-1, API-2
#[tokio::test]
async fn what_is_not_served_is_a_problem() {
    let app = TestApp::setup().empty().start().await;
    for path in [
        "/",
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
