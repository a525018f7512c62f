//! `/api/v1/orgs/{org_id}/wallet…`

use serde_json::{Value, json};

use crate::me::token_of_ann;
use crate::support::{ROOT, TestApp};
use crate::world::{ACME, ANN, GLOBEX};

// proves ORG-12
#[tokio::test]
async fn payments_are_entered_once_and_never_below_nothing() {
    let app = TestApp::start().await;
    let wallet = format!("/api/v1/orgs/{ACME}/wallet");
    let entries = format!("{wallet}/entries");
    let enter = async |amount: Value, reason: &str, key: &str| {
        let body = json!({ "amount": amount, "reason": reason, "key": key });
        app.post(&entries).by(ROOT).json(&body).send().await
    };
    let first = enter(json!("12.5"), "invoice 1", "invoice-1").await.expect(201);
    assert!(first.header("doorward-revision").is_some());
    assert_eq!(
        (&first.body["amount"], &first.body["balance"], &first.body["kind"]),
        (&json!("12.50"), &json!("12.50"), &json!("payment"))
    );
    assert_eq!(enter(json!("12.50"), "invoice 1", "invoice-1").await.expect(200).body, first.body);
    enter(json!("13"), "invoice 1", "invoice-1").await.problem(409, "key_reused");
    enter(json!("-12.5001"), "refund", "refund-1").await.problem(409, "insufficient_funds");
    enter(json!("-0.5"), "refund", "refund-1").await.expect(201);
    for amount in [json!(1), json!(1.5), json!("1.00001"), json!("100000000000000"), json!("x"), json!(null)]
    {
        enter(amount, "invoice", "key").await.problem(422, "invalid").field("amount");
    }
    enter(json!("99999999999999"), "invoice", "key").await.problem(422, "invalid").field("amount");
    enter(json!("0"), "invoice", "key").await.problem(422, "invalid").field("amount");
    enter(json!("1"), "", "key").await.problem(422, "invalid").field("reason");
    enter(json!("1"), "invoice", "a key").await.problem(422, "invalid").field("key");
    let body = json!({ "amount": "1", "reason": "invoice", "key": "key", "balance": "9" });
    app.post(&entries).by(ROOT).json(&body).send().await.problem(422, "invalid");
    let listed =
        app.get(&format!("{entries}?kind=payment&fields=key,balance")).by(ROOT).send().await.expect(200).body;
    assert_eq!(
        listed["entries"],
        json!([{ "balance": "12.00", "key": "refund-1" }, { "balance": "12.50", "key": "invoice-1" }])
    );
    for query in ["kind=gift", "since=yesterday", "limit=0"] {
        app.get(&format!("{entries}?{query}")).by(ROOT).send().await.problem(422, "invalid");
    }
    let seen = app.get(&wallet).by(ROOT).send().await.expect(200).body;
    assert_eq!(seen, json!({ "org_id": ACME, "balance": "12.00", "currency": "EUR" }));
}

// proves ORG-12, API-2
#[tokio::test]
async fn people_see_the_wallet_of_their_side_and_do_not_write_it() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let wallet = |org: &str| format!("/api/v1/orgs/{org}/wallet");
    let body = json!({ "amount": "1", "reason": "gift", "key": "gift" });
    app.get(&wallet(ACME)).by(&ann).send().await.problem(403, "forbidden");
    app.get(&wallet(GLOBEX)).by(&ann).send().await.problem(404, "not_found");
    app.get(&wallet("current")).by(&ann).send().await.problem(409, "no_current_organization");
    app.query(&format!("update memberships set role = 'owner' where user_id = '{ANN}' returning 1"));
    app.get(&wallet(ACME)).by(&ann).send().await.expect(200);
    let entries = format!("{}/entries", wallet(ACME));
    app.get(&entries).by(&ann).send().await.expect(200);
    app.post(&entries).by(&ann).json(&body).send().await.problem(403, "forbidden");
    assert_eq!(app.query("select count(*) from wallet_entries"), "0");
}
