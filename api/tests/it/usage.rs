//! `/api/v1/orgs/{org_id}/usage…`

use serde_json::json;

use crate::me::token_of_ann;
use crate::support::{ROOT, TestApp};
use crate::world::{ACME, GLOBEX};

// proves PLN-2, PLN-4
#[tokio::test]
async fn messages_are_counted_up_to_the_limit_and_reported() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let key = app.org_key(GLOBEX).await;
    let usage = format!("/api/v1/orgs/{GLOBEX}/usage");
    let records = format!("{usage}/records");
    let record = async |amount: i64, key_of: &str| {
        let body = json!({ "metric": "messages", "amount": amount, "key": key_of });
        app.post(&records).by(&key).json(&body).send().await
    };
    let first = record(1_999, "bulk").await.expect(201).body;
    assert_eq!((&first["count"], &first["month"]), (&json!(1_999), &json!("2026-11-01")));
    assert_eq!(record(1_999, "bulk").await.expect(200).body, first);
    record(1, "bulk").await.problem(409, "key_reused");
    let refused = record(2, "more").await.problem(409, "limit_reached");
    let limit =
        json!({ "resource": "messages_per_month", "current": 2_001, "limit": 2_000, "plan": "starter" });
    assert_eq!(refused.body["limit"], limit);
    record(0, "none").await.problem(422, "invalid").field("amount");
    let body = json!({ "metric": "tokens", "amount": 1, "key": "tokens" });
    app.post(&records).by(&key).json(&body).send().await.problem(422, "invalid").field("metric");

    let report = app.get(&usage).by(&key).send().await.expect(200).body;
    assert_eq!(
        report["items"]["messages_per_month"],
        json!({ "current": 1_999, "limit": 2_000, "percent": 99 })
    );
    assert_eq!((&report["warnings"], &report["reached"]), (&json!(["messages_per_month"]), &json!([])));
    assert_eq!((&report["price_usd"], &report["requests_per_minute"]), (&json!(29), &json!(60)));
    let same = app.get(&usage).by(ROOT).send().await.expect(200).body;
    assert_eq!(same, report);
    app.get(&usage).by(&ann).send().await.problem(404, "not_found");
    let own =
        app.get(&format!("/api/v1/orgs/{ACME}/usage?fields=plan,items")).by(&ann).send().await.expect(200);
    assert_eq!(own.body["items"]["members"], json!({ "current": 2, "limit": 20, "percent": 10 }));
    let body = json!({ "metric": "messages", "amount": 1, "key": "own" });
    app.post(&format!("/api/v1/orgs/{ACME}/usage/records"))
        .by(&ann)
        .json(&body)
        .send()
        .await
        .problem(403, "forbidden");
}
