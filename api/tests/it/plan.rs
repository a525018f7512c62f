//! What plans let the keys of organizations ask.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use crate::support::{ROOT, Reply, TestApp};
use crate::world::{ACME, GLOBEX, VIC};

/// Asks for a batch of three decisions.
async fn ask(app: &TestApp, token: &str) -> Reply {
    let question = json!({
        "principal": { "type": "User", "id": VIC }, "action": "resource.read",
        "resource": { "type": "Resource", "id": "far" },
    });
    let batch = json!({ "requests": [question, question, question] });
    app.post("/api/v1/authorize/batch").by(token).json(&batch).send().await
}

/// How many of so many requests are answered.
async fn answered(app: &TestApp, token: &str, tries: usize) -> usize {
    let answers = join_all((0..tries).map(|_| ask(app, token))).await;
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (429, &json!("too_many_requests")),
            "{}",
            refused.text
        );
    }
    answers.iter().filter(|answer| answer.status == 200).count()
}

/// Gives Globex another plan.
async fn set_plan(app: &TestApp, plan: &str) {
    let line = json!({ "organization": {
        "id": GLOBEX, "slug": "globex", "name": "globex", "plan": plan, "subscription_status": "active",
    }});
    app.post("/api/v1/import").by(ROOT).json(&line).send().await.expect(200);
}

// proves PLN-1
#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_an_organization_share_what_its_plan_gives_and_a_batch_counts_once() {
    let app = TestApp::start().await;
    let (one, two, other) = (app.org_key(GLOBEX).await, app.org_key(GLOBEX).await, app.org_key(ACME).await);
    let both = tokio::join!(answered(&app, &one, 40), answered(&app, &two, 40));
    assert_eq!(both.0 + both.1, 60, "starter gives 60 a minute");
    let refused = ask(&app, &one).await.problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let me = app.get("/api/v1/queue/jobs").by(&two).send().await;
    me.problem(429, "too_many_requests");

    assert_eq!(answered(&app, &other, 61).await, 61, "another organization has its own");
    assert_eq!(answered(&app, ROOT, 61).await, 61, "the platform's keys are not counted");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(answered(&app, &two, 5).await, 1);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(answered(&app, &one, 61).await, 60);
    let counted = app.get("/metrics").send().await.text;
    assert!(counted.contains("doorward_throttled_total{limit=\"requests_per_org\"}"), "{counted}");
}

// proves PLN-1
#[tokio::test(flavor = "multi_thread")]
async fn another_plan_counts_from_the_next_request_on() {
    let app = TestApp::start().await;
    let token = app.org_key(GLOBEX).await;
    set_plan(&app, "free").await;
    assert_eq!(answered(&app, &token, 11).await, 10);
    set_plan(&app, "pro").await;
    assert_eq!(answered(&app, &token, 1).await, 0, "what was spent stays spent");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(answered(&app, &token, 6).await, 5, "a second of free would give none");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(answered(&app, &token, 301).await, 300);
}
