//! `POST /api/v1/authorize/batch`

use serde_json::{Value, json};

use crate::support::{ROOT, TestApp};
use crate::world::{ACME, GLOBEX, GUS, VIC};

const PATH: &str = "/api/v1/authorize/batch";

fn item(user: &str, id: &str) -> Value {
    json!({
        "principal": { "type": "User", "id": user }, "action": "resource.read",
        "resource": { "type": "Resource", "id": id },
    })
}

fn said(decisions: &Value) -> Vec<(&str, &str)> {
    let decisions = decisions["decisions"].as_array().unwrap().iter();
    decisions
        .map(|one| (one["decision"].as_str().unwrap(), one["reason"]["code"].as_str().unwrap_or_default()))
        .collect()
}

// proves PDP-2
#[tokio::test]
async fn answers_come_in_the_order_of_the_questions_and_from_one_state() {
    let app = TestApp::start().await;
    let items = [item(VIC, "plan"), item(GUS, "plan"), item(VIC, "nothing"), item(GUS, "far")];
    let reply = app.post(PATH).by(ROOT).json(&json!({ "requests": items })).send().await.expect(200);
    assert_eq!(
        said(&reply.body),
        [("allow", ""), ("deny", "no_policy_allows"), ("deny", "unknown_resource"), ("allow", "")]
    );
    assert!(reply.body["revision"].is_string());
    assert_eq!(reply.body["policy_hash"], app.live.snapshot().hash());
    for decision in reply.body["decisions"].as_array().unwrap() {
        assert!(decision["decision_id"].is_string(), "{decision}");
        assert_eq!(decision.get("revision"), None);
    }
}

// proves PDP-2
#[tokio::test]
async fn a_bad_item_is_denied_in_its_place_and_the_others_are_answered() {
    let app = TestApp::start().await;
    let mut explained = item(VIC, "plan");
    explained["explain"] = json!(true);
    let mut unknown = item(VIC, "plan");
    unknown["is_admin"] = json!(true);
    let items = json!([
        item(VIC, "plan"),
        null,
        { "action": "resource.read" },
        { "action": 7, "resource": { "type": "Resource", "id": "plan" } },
        unknown,
        explained,
        "text",
        item(VIC, "plan"),
    ]);
    let reply = app.post(PATH).by(ROOT).json(&json!({ "requests": items })).send().await.expect(200);
    let malformed = ("deny", "malformed");
    let good = ("allow", "");
    assert_eq!(
        said(&reply.body),
        [good, malformed, malformed, malformed, malformed, malformed, malformed, good]
    );
    let message = |index: usize| reply.body["decisions"][index]["reason"]["message"].as_str().unwrap();
    assert!(!message(1).starts_with(':'), "{}", message(1));
    assert!(message(3).starts_with("action: "), "{}", message(3));
    assert!(message(4).contains("is_admin"), "{}", message(4));
    assert_eq!(message(5), "explain: only single questions are explained");
}

// proves PDP-2
#[tokio::test]
async fn a_thousand_questions_are_answered_and_one_more_is_refused() {
    let app = TestApp::start().await;
    let mut items: Vec<Value> =
        (0..1_000).map(|number| item(if number % 3 == 0 { VIC } else { GUS }, "plan")).collect();
    let reply = app.post(PATH).by(ROOT).json(&json!({ "requests": items })).send().await.expect(200);
    let decisions = said(&reply.body);
    assert_eq!(decisions.len(), 1_000);
    for (number, (decision, _)) in decisions.into_iter().enumerate() {
        assert_eq!(decision, if number % 3 == 0 { "allow" } else { "deny" }, "{number}");
    }
    items.push(item(VIC, "plan"));
    let reply = app.post(PATH).by(ROOT).json(&json!({ "requests": items })).send().await;
    reply.problem(400, "malformed").field("requests");
}

// proves PDP-2
#[tokio::test]
async fn no_questions_get_no_answers() {
    let app = TestApp::start().await;
    let reply = app.post(PATH).by(ROOT).json(&json!({ "requests": [] })).send().await.expect(200);
    assert_eq!(reply.body["decisions"], json!([]));
    // Still, only who may ask is told of revision and policies.
    let (_, token) = app.key(Some(ACME), &["resources:read"]).await;
    let empty = json!({ "requests": [] });
    app.post(PATH).by(&token).json(&empty).send().await.problem(403, "forbidden");
}

// proves PDP-2, API-2
#[tokio::test]
async fn what_is_no_list_of_questions_is_400() {
    let app = TestApp::start().await;
    for (body, field) in [
        ("", ""),
        ("[]", ""),
        ("{}", ""),
        (r#"{"requests": {}}"#, "requests"),
        (r#"{"requests": null}"#, "requests"),
        (r#"{"requests": [{]}"#, "requests[0]"),
        (r#"{"requests": [], "explain": true}"#, "explain"),
    ] {
        let reply = app.post(PATH).by(ROOT).body(body).send().await.problem(400, "malformed");
        assert_eq!(reply.body["fields"][0]["field"], field, "{body}: {}", reply.text);
    }
    for deep in [
        format!(r#"{{"requests": [{}"#, "[".repeat(10_000)),
        format!(r#"{{"requests": [{}{}]}}"#, "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let reply = app.post(PATH).by(ROOT).body(deep).send().await;
        assert!(matches!(reply.status, 200 | 400), "{}", reply.text);
        if reply.status == 200 {
            assert_eq!(said(&reply.body), [("deny", "malformed")]);
        }
    }
    let over = " ".repeat((1 << 20) + 1);
    app.post(PATH).by(ROOT).body(over).send().await.problem(413, "body_too_large");
}

// proves KEY-1
#[tokio::test]
async fn an_organizations_key_learns_nothing_of_another_from_a_batch() {
    let app = TestApp::start().await;
    let globex = app.org_key(GLOBEX).await;
    let items = [item(GUS, "far"), item(GUS, "plan"), item(GUS, "nothing"), item(VIC, "far")];
    let reply = app.post(PATH).by(&globex).json(&json!({ "requests": items })).send().await.expect(200);
    assert_eq!(
        said(&reply.body),
        [
            ("allow", ""),
            ("deny", "unknown_resource"),
            ("deny", "unknown_resource"),
            ("deny", "unknown_principal")
        ]
    );
}
