//! How new the facts of an answer have to be.

use serde_json::{Value, json};

use crate::support::{ROOT, TestApp};
use crate::world::{OPEN, VIC};

fn question(id: &str, consistency: Value) -> Value {
    json!({
        "principal": { "type": "User", "id": VIC }, "action": "resource.read",
        "resource": { "type": "Resource", "id": id }, "consistency": consistency,
    })
}

async fn decision(app: &TestApp, question: &Value) -> Value {
    app.post("/api/v1/authorize").by(ROOT).json(question).send().await.expect(200).body["decision"].take()
}

// proves PDP-6
#[tokio::test]
async fn a_question_can_ask_for_fresh_facts_or_for_those_of_a_write() {
    let app = TestApp::start().await;
    let new = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
    let put = app.put("/api/v1/resources/Resource/new").by(ROOT).json(&new).send().await.expect(201);
    let written = put.header("doorward-revision").unwrap().to_owned();
    for consistency in [json!("cached"), json!("fresh"), json!({ "at_least": written }), Value::Null] {
        assert_eq!(decision(&app, &question("new", consistency.clone())).await, "allow", "{consistency}");
    }
    let explained = {
        let mut question = question("new", json!("fresh"));
        question["explain"] = json!(true);
        app.post("/api/v1/authorize").by(ROOT).json(&question).send().await.expect(200).body
    };
    assert_eq!(explained["decision"], "allow");
    // An answer's own revision can be asked for too.
    let again = question("new", json!({ "at_least": explained["revision"] }));
    assert_eq!(decision(&app, &again).await, "allow");
}

// proves PDP-6
#[tokio::test]
async fn a_batch_asks_for_all_its_questions_together() {
    let app = TestApp::start().await;
    let mut one = question("report", Value::Null);
    one.as_object_mut().unwrap().remove("consistency");
    let batch = json!({ "requests": [one, question("report", json!("fresh"))], "consistency": "fresh" });
    let reply = app.post("/api/v1/authorize/batch").by(ROOT).json(&batch).send().await.expect(200);
    assert_eq!(reply.body["decisions"][1]["reason"]["code"], "malformed", "{}", reply.text);
    assert_ne!(reply.body["decisions"][0]["reason"]["code"], "malformed", "{}", reply.text);
}

// proves PDP-6, PDP-4
#[tokio::test]
async fn what_is_no_consistency_is_refused_by_name() {
    let app = TestApp::start().await;
    for wrong in [
        json!("newest"),
        json!(1),
        json!([]),
        json!({ "at_least": 742 }),
        json!({ "at_least": "yesterday" }),
        json!({ "at_least": "-1" }),
        json!({ "at_most": "1" }),
        json!({ "at_least": "1", "at_most": "1" }),
        json!({}),
    ] {
        let reply =
            app.post("/api/v1/authorize").by(ROOT).json(&question("report", wrong.clone())).send().await;
        let reply = reply.problem(400, "malformed");
        assert!(reply.text.contains("consistency"), "{wrong}: {}", reply.text);
    }
    let never = question("report", json!({ "at_least": "9000000000000000000" }));
    let reply = app.post("/api/v1/authorize").by(ROOT).json(&never).send().await;
    let reply = reply.problem(503, "revision_not_reached");
    assert!(reply.header("retry-after").is_some());
}
