//! `POST /api/v1/authorize`

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{ROOT, Reply, TestApp, copied_policies};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, NOTHING, OPEN, VIC};

const PATH: &str = "/api/v1/authorize";

fn question() -> Value {
    json!({
        "principal": { "type": "User", "id": VIC },
        "action": "resource.read",
        "resource": { "type": "Resource", "id": "plan" },
    })
}

/// The usual question with a member replaced.
fn with(name: &str, value: Value) -> Value {
    let mut question = question();
    question[name] = value;
    question
}

async fn ask(app: &TestApp, question: &Value) -> Value {
    app.post(PATH).by(ROOT).json(question).send().await.expect(200).body
}

async fn refuse(app: &TestApp, body: impl Into<reqwest::Body>) -> Reply {
    app.post(PATH).by(ROOT).body(body).send().await.problem(400, "malformed")
}

fn reason(answer: &Value) -> (&str, &str) {
    (answer["decision"].as_str().unwrap(), answer["reason"]["code"].as_str().unwrap_or_default())
}

// proves PDP-1
#[tokio::test]
async fn an_allow_names_the_policy_that_allows_with_its_file_and_line() {
    let app = TestApp::start().await;
    let answer = ask(&app, &question()).await;
    assert_eq!(answer["decision"], "allow");
    assert_eq!(answer.get("reason"), None);
    assert_eq!(answer.get("explanation"), None);
    let [policy] = answer["policies"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!(policy["id"], "content.viewer.read");
    assert_eq!(policy["description"], "The workspace's viewers read");
    assert_eq!(policy["file"], "policies/content.cedar");
    let file = std::fs::read_to_string(crate::support::shipped().join("content.cedar")).unwrap();
    let line = file.lines().nth(usize::try_from(policy["line"].as_u64().unwrap()).unwrap() - 1).unwrap();
    assert_eq!(line, r#"@id("content.viewer.read")"#);
    let id = answer["decision_id"].as_str().unwrap();
    assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    assert!(answer["revision"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(answer["policy_hash"], app.live.snapshot().hash());
}

// proves PDP-1
#[tokio::test]
async fn two_answers_have_two_ids() {
    let app = TestApp::start().await;
    let (one, two) = (ask(&app, &question()).await, ask(&app, &question()).await);
    assert_ne!(one["decision_id"], two["decision_id"]);
}

// proves PDP-3
#[tokio::test]
async fn what_no_policy_allows_is_denied() {
    let app = TestApp::start().await;
    let answer = ask(&app, &with("action", json!("resource.update"))).await;
    assert_eq!(reason(&answer), ("deny", "no_policy_allows"));
    assert_eq!(answer["policies"], json!([]));
    assert!(!answer["reason"]["message"].as_str().unwrap().is_empty());
}

// proves PDP-1, PDP-3
#[tokio::test]
async fn a_forbid_wins_and_is_named() {
    let app = TestApp::start().await;
    let secret = json!({
        "principal": { "type": "User", "id": ANN },
        "action": "Docs::read",
        "resource": { "type": "Docs::Document", "id": "memo" },
        "context": { "mfa": false },
    });
    let answer = ask(&app, &secret).await;
    assert_eq!(reason(&answer), ("deny", "forbidden"));
    assert_eq!(answer["policies"][0]["id"], "docs.secret_needs_mfa");
    assert_eq!(answer["policies"][0]["file"], "policies/apps/docs.cedar");
    let mut confirmed = secret;
    confirmed["context"]["mfa"] = json!(true);
    assert_eq!(ask(&app, &confirmed).await["decision"], "allow");
}

// proves PDP-4
#[tokio::test]
async fn what_is_unknown_is_a_deny_with_its_reason() {
    let app = TestApp::start().await;
    let entity = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    for (name, value, code) in [
        ("principal", entity("User", NOTHING), "unknown_principal"),
        ("principal", entity("User", "no uuid"), "unknown_principal"),
        ("principal", entity("Alien", "e.t."), "unknown_principal"),
        ("principal", entity("", ""), "unknown_principal"),
        ("resource", entity("Resource", "nothing"), "unknown_resource"),
        ("resource", entity("Alien::Ship", "1"), "unknown_resource"),
        ("resource", entity("not a type!", "1"), "unknown_resource"),
        ("action", json!("resource.devour"), "unknown_action"),
        ("action", json!(""), "unknown_action"),
        ("action", json!("Docs::Nowhere::read"), "unknown_action"),
        ("action", json!("org.view"), "not_applicable"),
        ("context", json!({ "mfa": "yes" }), "invalid_context"),
        ("context", json!({ "moon": "full" }), "invalid_context"),
        ("context", json!({ "ip": "not an address" }), "invalid_context"),
    ] {
        let answer = ask(&app, &with(name, value.clone())).await;
        assert_eq!(reason(&answer), ("deny", code), "{name}: {value}: {answer}");
    }
}

// proves PDP-4
#[tokio::test]
async fn ids_with_quotes_newlines_and_nul_are_ids_like_others() {
    let app = TestApp::start().await;
    for id in ["\"", "\\\"); drop", "a\nb", "\u{0}", "a\u{0}b", "\u{202e}", "💥", "%2F", "' or 1=1 --", "::"]
    {
        let entity = json!({ "type": "Resource", "id": id });
        let answer = ask(&app, &with("resource", entity)).await;
        assert_eq!(reason(&answer), ("deny", "unknown_resource"), "{id:?}");
        let entity = json!({ "type": "User", "id": id });
        let answer = ask(&app, &with("principal", entity)).await;
        assert_eq!(reason(&answer), ("deny", "unknown_principal"), "{id:?}");
        let answer = ask(&app, &with("action", json!(id))).await;
        assert_eq!(reason(&answer), ("deny", "unknown_action"), "{id:?}");
        let entity = json!({ "type": id, "id": "1" });
        let answer = ask(&app, &with("resource", entity)).await;
        assert_eq!(reason(&answer), ("deny", "unknown_resource"), "{id:?}");
    }
}

// proves PDP-1
#[tokio::test]
async fn without_a_principal_the_caller_asks_for_itself() {
    let app = TestApp::start().await;
    let (_, writer) = app.key(Some(ACME), &["authorize", "resources:write"]).await;
    let (_, reader) = app.key(Some(ACME), &["authorize"]).await;
    let question = json!({
        "action": "workspace.write_resources", "resource": { "type": "Workspace", "id": OPEN },
    });
    for (token, decision) in [(&writer, "allow"), (&reader, "deny")] {
        for principal in [None, Some(Value::Null)] {
            let mut question = question.clone();
            if let Some(null) = principal {
                question["principal"] = null;
            }
            let answer = app.post(PATH).by(token).json(&question).send().await.expect(200).body;
            assert_eq!(answer["decision"], decision, "{question}");
        }
    }
}

// proves PDP-1
#[tokio::test]
async fn the_time_of_a_question_is_the_servers() {
    let app = TestApp::start().await;
    let late = with("context", json!({ "now": "2020-01-01T00:00:00Z" }));
    assert_eq!(reason(&ask(&app, &late).await), ("deny", "invalid_context"));
}

// proves PDP-1
#[tokio::test]
async fn an_explanation_tells_what_every_policy_said_and_which_facts_were_used() {
    let app = TestApp::start().await;
    let mut question = with("action", json!("resource.update"));
    question["explain"] = json!(true);
    let answer = ask(&app, &question).await;
    assert_eq!(reason(&answer), ("deny", "no_policy_allows"));
    let policies = answer["explanation"]["policies"].as_array().unwrap();
    let near = policies.iter().find(|policy| policy["id"] == "content.editor.write").unwrap();
    assert_eq!(near["said"], "not_matched");
    assert_eq!(near["effect"], "permit");
    assert!(!near["failed"].as_array().unwrap().is_empty(), "{near}");
    assert!(near["line"].as_u64().unwrap() > 0);
    assert!(answer["explanation"]["not_applicable"].as_u64().unwrap() > 0);
    let entities = answer["explanation"]["entities"].as_array().unwrap();
    for (kind, id) in [("User", VIC), ("Resource", "plan"), ("Workspace", OPEN)] {
        let uid = json!({ "type": kind, "id": id });
        assert!(entities.iter().any(|entity| entity["uid"] == uid), "{uid} is missing");
    }

    question["action"] = json!("resource.read");
    let answer = ask(&app, &question).await;
    assert_eq!(answer["decision"], "allow");
    assert_eq!(answer["explanation"]["policies"][0]["id"], "content.viewer.read");
    assert_eq!(answer["explanation"]["policies"][0]["said"], "matched");
}

// proves PDP-3
#[tokio::test]
async fn a_forbid_that_cannot_be_evaluated_denies() {
    let policies = copied_policies();
    let overflow = "@id(\"test.overflow\")\n@description(\"Overflows\")\nforbid (principal is User, action == \
        Action::\"resource.read\", resource is Resource)\nwhen { 9223372036854775807 + (if context.mfa then 0 else 1) < 0 };\n";
    std::fs::write(policies.path().join("overflow.cedar"), overflow).unwrap();
    let app = TestApp::setup().policies(policies.path()).start().await;
    let answer = ask(&app, &question()).await;
    assert_eq!(reason(&answer), ("deny", "evaluation_error"));
    assert!(answer.to_string().contains("test.overflow"), "{answer}");
    let confirmed = with("context", json!({ "mfa": true }));
    assert_eq!(ask(&app, &confirmed).await["decision"], "allow");
}

// proves PDP-6
#[tokio::test]
async fn the_answer_after_a_write_has_seen_it() {
    let app = TestApp::start().await;
    let new = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
    for round in 0..20 {
        let id = format!("fresh-{round}");
        let path = format!("/api/v1/resources/Resource/{id}");
        let put = app.put(&path).by(ROOT).json(&new).send().await.expect(201);
        let answer = app.ask(VIC, "resource.read", ("Resource", &id)).await;
        assert_eq!(answer["decision"], "allow");
        let written: u64 = put.header("doorward-revision").unwrap().parse().unwrap();
        // Transactions of other databases on the same server may hold the revision back for a while.
        let mut tries = 0;
        while app.ask(VIC, "resource.read", ("Resource", &id)).await["revision"]
            .as_str()
            .is_none_or(|revision| revision.parse::<u64>().unwrap() < written)
        {
            tries += 1;
            assert!(tries < 1_000, "the revision never passes {written}");
        }
        app.delete(&path).by(ROOT).send().await.expect(204);
        let answer = app.ask(VIC, "resource.read", ("Resource", &id)).await;
        assert_eq!(reason(&answer), ("deny", "unknown_resource"));
    }
}

// proves PDP-4, API-2
#[tokio::test]
async fn a_body_that_is_no_question_is_400_and_names_the_field() {
    let app = TestApp::start().await;
    for (body, field) in [
        ("", ""),
        (" ", ""),
        ("{", ""),
        ("not json", ""),
        ("null", ""),
        ("[]", ""),
        ("\"text\"", ""),
        ("{}", ""),
        (&format!("{} trailing", question()), ""),
        (r#"{"action": "resource.read"}"#, ""),
        (r#"{"action": 7, "resource": {"type": "Resource", "id": "plan"}}"#, "action"),
        (r#"{"action": null, "resource": {"type": "Resource", "id": "plan"}}"#, "action"),
        (r#"{"action": "resource.read", "resource": "plan"}"#, "resource"),
        (r#"{"action": "resource.read", "resource": {"type": "Resource"}}"#, "resource"),
        (r#"{"action": "resource.read", "resource": {"type": "Resource", "id": 7}}"#, "resource.id"),
        (
            r#"{"action": "resource.read", "resource": {"type": "Resource", "id": "plan", "x": 1}}"#,
            "resource.x",
        ),
        (
            r#"{"action": "resource.read", "resource": {"type": "R", "id": "p"}, "principal": "me"}"#,
            "principal",
        ),
        (r#"{"action": "resource.read", "resource": {"type": "R", "id": "p"}, "context": []}"#, "context"),
        (r#"{"action": "resource.read", "resource": {"type": "R", "id": "p"}, "context": null}"#, "context"),
        (r#"{"action": "resource.read", "resource": {"type": "R", "id": "p"}, "explain": "yes"}"#, "explain"),
        (
            r#"{"action": "resource.read", "resource": {"type": "R", "id": "p"}, "is_admin": true}"#,
            "is_admin",
        ),
        (r#"{"action": "a", "action": "b", "resource": {"type": "R", "id": "p"}}"#, ""),
        (r#"{"action": "a", "resource": {"type": "R", "id": "p", "id": "q"}}"#, "resource"),
        (r#"{"action": "\ud800", "resource": {"type": "R", "id": "p"}}"#, "action"),
    ] {
        let reply = refuse(&app, body.to_owned()).await;
        assert_eq!(reply.body["fields"][0]["field"], field, "{body}: {}", reply.text);
        assert!(!reply.body["fields"][0]["message"].as_str().unwrap().is_empty(), "{body}");
    }
}

// proves PDP-4
#[tokio::test]
async fn a_body_that_is_not_utf_8_or_deeply_nested_is_400_and_nothing_falls_over() {
    let app = TestApp::start().await;
    refuse(&app, b"\xff\xfe\x00{".to_vec()).await;
    refuse(&app, b"{\"action\": \"\xc3\x28\"}".to_vec()).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(10_000);
        refuse(&app, deep.clone()).await;
        let mut nested = question().to_string();
        nested.truncate(nested.len() - 1);
        nested += &format!(r#", "context": {{"x": {deep}1{}}}}}"#, close.repeat(10_000));
        refuse(&app, nested).await;
    }
    assert_eq!(ask(&app, &question()).await["decision"], "allow");
}

// proves API-5
#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let app = TestApp::start().await;
    let limit = 1 << 20;
    let mut fits = question().to_string();
    fits += &" ".repeat(limit - fits.len());
    let reply = app.post(PATH).by(ROOT).body(fits.clone()).send().await.expect(200);
    assert_eq!(reply.body["decision"], "allow");
    let over = fits + " ";
    app.post(PATH).by(ROOT).body(over).send().await.problem(413, "body_too_large");
    assert_eq!(ask(&app, &question()).await["decision"], "allow");
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    let app = TestApp::start().await;
    for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "?"] {
        let call = app.post(PATH).by(ROOT).header("content-type", kind).json(&question());
        assert_eq!(call.send().await.expect(200).body["decision"], "allow", "{kind}");
    }
}

// proves KEY-1
#[tokio::test]
async fn an_organizations_key_asks_about_its_own_organization_only() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.org_key(ACME).await, app.org_key(GLOBEX).await);
    let about = |user: &str, id: &str| {
        json!({
            "principal": { "type": "User", "id": user }, "action": "resource.read",
            "resource": { "type": "Resource", "id": id }, "explain": true,
        })
    };
    for (token, question, expected) in [
        (&acme, about(VIC, "plan"), ("allow", "")),
        (&globex, about(VIC, "plan"), ("deny", "unknown_resource")),
        (&globex, about(GUS, "plan"), ("deny", "unknown_resource")),
        (&globex, about(GUS, "nothing"), ("deny", "unknown_resource")),
        (&acme, about(VIC, "diary"), ("deny", "unknown_resource")),
        (&acme, about(GUS, "plan"), ("deny", "unknown_principal")),
        (&acme, about(NOTHING, "plan"), ("deny", "unknown_principal")),
        (&globex, about(GUS, "far"), ("allow", "")),
    ] {
        let answer = app.post(PATH).by(token).json(&question).send().await.expect(200).body;
        assert_eq!(reason(&answer), expected, "{question}");
        if expected.0 == "deny" {
            let told = answer["explanation"].clone();
            assert_eq!(told, json!({ "policies": [], "not_applicable": 0, "entities": [] }), "{question}");
        }
    }
    // Of what is foreign and of what does not exist, the same is said.
    let said = async |id: &str| {
        let mut reply = app.post(PATH).by(&globex).json(&about(GUS, id)).send().await.expect(200);
        reply.body["decision_id"] = Value::Null;
        reply.body["revision"] = Value::Null;
        reply.body.to_string().replace(&format!("{id}\\\""), "…\\\"")
    };
    assert_eq!(said("plan").await, said("nothing").await);
}

// proves PDP-1
#[tokio::test]
async fn two_hundred_questions_at_once_are_all_answered() {
    let app = TestApp::start().await;
    let mut asking = JoinSet::new();
    for number in 0..200 {
        let user = if number % 2 == 0 { VIC } else { GUS };
        let call = app.post(PATH).by(ROOT).json(&with("principal", json!({ "type": "User", "id": user })));
        asking.spawn(async move { (user, call.send().await) });
    }
    let mut answers = HashMap::new();
    while let Some(answered) = asking.join_next().await {
        let (user, reply) = answered.unwrap();
        let reply = reply.expect(200);
        *answers.entry((user, reply.body["decision"] == "allow")).or_insert(0) += 1;
    }
    assert_eq!(answers, HashMap::from([((VIC, true), 100), ((GUS, false), 100)]));
}

// proves API-9
#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_never_a_deny() {
    let app = TestApp::start().await;
    app.db.close().await;
    let reply = app.post(PATH).by(ROOT).json(&question()).send().await;
    let reply = reply.problem(503, "store_unavailable");
    assert_eq!(reply.body.get("decision"), None);
    for path in ["/api/v1/keys", &format!("/api/v1/resources/Workspace/{FAR}"), "/api/v1/policies"] {
        app.get(path).by(ROOT).send().await.problem(503, "store_unavailable");
    }
    assert_eq!(app.get("/healthz").send().await.expect(200).text, "ok");
}
