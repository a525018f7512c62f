//! `GET /metrics`

use serde_json::json;

use crate::support::{ROOT, TestApp};
use crate::world::{GUS, VIC};

async fn figures(app: &TestApp) -> String {
    let reply = app.get("/metrics").send().await.expect(200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4"));
    reply.text
}

// proves OPS-3
#[tokio::test]
async fn decisions_are_counted_by_outcome_and_reason() {
    let app = TestApp::start().await;
    for (user, id) in [(VIC, "plan"), (VIC, "plan"), (GUS, "plan"), (VIC, "nothing")] {
        app.ask(user, "resource.read", ("Resource", id)).await;
    }
    let batch = json!({ "requests": [{ "action": "x", "resource": { "type": "Resource", "id": "plan" } }] });
    app.post("/api/v1/authorize/batch").by(ROOT).json(&batch).send().await.expect(200);
    let figures = figures(&app).await;
    for line in [
        "doorward_decisions_total{decision=\"allow\",reason=\"\"} 2",
        "doorward_decisions_total{decision=\"deny\",reason=\"no_policy_allows\"} 1",
        "doorward_decisions_total{decision=\"deny\",reason=\"unknown_resource\"} 1",
        "doorward_decisions_total{decision=\"deny\",reason=\"unknown_action\"} 1",
    ] {
        assert!(figures.lines().any(|shown| shown == line), "{line} is missing in\n{figures}");
    }
    assert!(figures.contains("doorward_decision_seconds_count"), "{figures}");
    assert!(figures.contains("doorward_build_info{version="), "{figures}");
    assert!(figures.contains("doorward_policies_broken 0"), "{figures}");
}

// proves OPS-3
#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_callers_make_up() {
    let app = TestApp::start().await;
    app.get("/api/v1/resources/Resource/plan").by(ROOT).send().await.expect(200);
    app.get("/api/v1/resources/Resource/nothing").by(ROOT).send().await.expect(404);
    app.get("/made/up/1").send().await.problem(404, "no_such_route");
    app.get("/docs/made-up-2").send().await;
    app.call("BREW", "/api/v1/keys").send().await.problem(405, "method_not_allowed");
    app.call("MADEUP3", "/made/up/4").send().await.problem(404, "no_such_route");
    let figures = figures(&app).await;
    let route = "route=\"/api/v1/resources/{type}/{id}\"";
    for line in [
        format!("doorward_http_requests_total{{method=\"GET\",{route},status=\"200\"}} 1"),
        format!("doorward_http_requests_total{{method=\"GET\",{route},status=\"404\"}} 1"),
    ] {
        assert!(figures.lines().any(|shown| shown == line), "{line} is missing in\n{figures}");
    }
    for made_up in ["plan", "nothing", "made", "MADEUP", "BREW"] {
        assert!(!figures.contains(made_up), "{made_up} is in\n{figures}");
    }
}
