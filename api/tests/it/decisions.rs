//! `/api/v1/decisions` and `/api/v1/orgs/{org_id}/decisions`

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ROOT, TestApp, text};
use crate::world::{ACME, ANN, GLOBEX, GUS, NOTHING, VIC};

async fn logging() -> TestApp {
    TestApp::setup().setting("DOORWARD_DECISION_LOG", "postgres").start().await
}

/// Asks, and gives the decision's id.
async fn asked(app: &TestApp, user: &str, id: &str) -> String {
    text(&app.ask(user, "resource.read", ("Resource", id)).await["decision_id"])
}

fn ids(page: &Value) -> Vec<String> {
    page["decisions"].as_array().unwrap().iter().map(|logged| text(&logged["id"])).collect()
}

fn in_org(org: &str) -> String {
    format!("/api/v1/orgs/{org}/decisions")
}

// proves PDP-7
#[tokio::test]
async fn a_decision_is_found_by_the_id_that_the_answer_had() {
    let app = logging().await;
    let question = json!({
        "principal": { "type": "User", "id": VIC }, "action": "resource.read",
        "resource": { "type": "Resource", "id": "plan" }, "context": { "ip": "192.0.2.1" },
    });
    let call = app.post("/api/v1/authorize").by(ROOT).header("x-request-id", "request-1");
    let told = call.json(&question).send().await.expect(200).body;
    assert_eq!(app.write_log().await, 1);
    let path = format!("/api/v1/decisions/{}", text(&told["decision_id"]));
    let logged = app.get(&path).by(ROOT).send().await.expect(200).body;
    for (member, expected) in [
        ("id", &told["decision_id"]),
        ("decision", &told["decision"]),
        ("principal", &question["principal"]),
        ("action", &question["action"]),
        ("resource", &question["resource"]),
        ("context", &json!({ "ip": "(masked)" })),
        ("masked", &json!(["ip"])),
        ("org_id", &json!(ACME)),
        ("revision", &told["revision"]),
        ("policy_hash", &told["policy_hash"]),
        ("request_id", &json!("request-1")),
        ("batch_index", &json!(null)),
        ("reason", &json!(null)),
        ("policies", &json!([told["policies"][0]["id"]])),
    ] {
        assert_eq!(&logged[member], expected, "{member}");
    }
    assert_eq!(logged["caller"]["type"], "ApiKey");
    let listed = app.operator("GET", "/api/v1/decisions").send().await.expect(200).body;
    assert_eq!(listed, json!({ "decisions": [logged], "next_cursor": null }));
    let narrow = app.get(&format!("{path}?fields=id,decision")).by(ROOT).send().await.expect(200).body;
    assert_eq!(narrow, json!({ "id": logged["id"], "decision": "allow" }));
}

// proves PDP-7
#[tokio::test]
async fn every_question_of_a_batch_is_logged_with_its_place() {
    let app = logging().await;
    let question = json!({ "action": "no.such", "resource": { "type": "Resource", "id": "plan" } });
    let batch = json!({ "requests": [question, "nonsense", question] });
    let told = app.post("/api/v1/authorize/batch").by(ROOT).json(&batch).send().await.expect(200).body;
    assert_eq!(app.write_log().await, 3);
    for (index, decision) in told["decisions"].as_array().unwrap().iter().enumerate() {
        let path = format!("/api/v1/decisions/{}", text(&decision["decision_id"]));
        let logged = app.get(&path).by(ROOT).send().await.expect(200).body;
        assert_eq!(logged["batch_index"], index);
        assert_eq!(logged["reason"]["code"], decision["reason"]["code"]);
        assert_eq!(logged["principal"].is_null(), index == 1);
    }
}

// proves PDP-7
#[tokio::test]
async fn a_list_goes_on_at_its_cursor() {
    let app = logging().await;
    let mut made = vec![];
    for _ in 0..7 {
        app.clock.advance(Duration::from_secs(1));
        made.insert(0, asked(&app, VIC, "plan").await);
    }
    app.write_log().await;
    let get = async |query: &str| {
        app.get(&format!("/api/v1/decisions?{query}")).by(ROOT).send().await.expect(200).body
    };
    let first = get("limit=3").await;
    assert_eq!(ids(&first), made[..3]);
    app.clock.advance(Duration::from_secs(1));
    asked(&app, VIC, "plan").await;
    app.write_log().await;
    let second = get(&format!("limit=3&cursor={}", text(&first["next_cursor"]))).await;
    assert_eq!(ids(&second), made[3..6]);
    let last = get(&format!("limit=3&cursor={}", text(&second["next_cursor"]))).await;
    assert_eq!((ids(&last), &last["next_cursor"]), (made[6..].to_vec(), &json!(null)));
    let filtered =
        get(&format!("principal_type=User&principal_id={VIC}&decision=allow&to=2026-11-21T12:00:02Z")).await;
    assert_eq!(ids(&filtered), made[6..]);
    assert_eq!(ids(&get("decision=deny").await), Vec::<String>::new());
}

// proves PDP-7, API-2
#[tokio::test]
async fn what_cannot_be_asked_of_the_log_is_422() {
    let app = logging().await;
    for (query, field) in [
        ("decision=maybe", "decision"),
        ("page=1", "page"),
        ("limit=many", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=", "cursor"),
        ("cursor=last", "cursor"),
        ("reason=because", "reason"),
        ("from=yesterday", "from"),
        ("from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "to"),
        ("action=%00", "action"),
        ("principal_id=", "principal_id"),
        ("action=a&action=b", "query"),
    ] {
        for path in ["/api/v1/decisions".to_owned(), in_org(ACME)] {
            let reply = app.get(&format!("{path}?{query}")).by(ROOT).send().await;
            reply.problem(422, "invalid").field(field);
        }
    }
    asked(&app, VIC, "plan").await;
    app.write_log().await;
    let reply = app.get("/api/v1/decisions?fields=id,nonsense").by(ROOT).send().await;
    reply.problem(422, "invalid").field("fields");
    app.get("/api/v1/decisions/nonsense").by(ROOT).send().await.problem(422, "invalid");
}

// proves PDP-7, KEY-1, API-2
#[tokio::test]
async fn an_organizations_key_finds_its_own_decisions_and_no_others() {
    let app = logging().await;
    let (ours, theirs) = (asked(&app, ANN, "plan").await, asked(&app, GUS, "far").await);
    let nobodys = asked(&app, VIC, "diary").await;
    assert_eq!(app.write_log().await, 3);
    let (acme, globex) = (app.org_key(ACME).await, app.org_key(GLOBEX).await);
    let (_, bare) = app.key(Some(ACME), &["authorize"]).await;

    for (token, org, own) in [(&acme, ACME, &ours), (&globex, GLOBEX, &theirs)] {
        let page = app.get(&in_org(org)).by(token).send().await.expect(200).body;
        assert_eq!(ids(&page), std::slice::from_ref(own));
    }
    app.get(&in_org(GLOBEX)).by(&acme).send().await.problem(404, "not_found");
    app.get(&in_org(NOTHING)).by(&acme).send().await.problem(404, "not_found");
    app.get(&in_org(NOTHING)).by(ROOT).send().await.problem(404, "not_found");
    app.get(&in_org(ACME)).by(&bare).send().await.problem(403, "forbidden");
    app.get("/api/v1/decisions").by(&acme).send().await.problem(403, "forbidden");
    for (token, id, status) in [
        (&acme, &ours, 200),
        (&acme, &theirs, 404),
        (&acme, &nobodys, 404),
        (&acme, &NOTHING.to_owned(), 404),
        (&bare, &ours, 404),
        (&ROOT.to_owned(), &theirs, 200),
        (&ROOT.to_owned(), &nobodys, 200),
        (&ROOT.to_owned(), &NOTHING.to_owned(), 404),
    ] {
        let reply = app.get(&format!("/api/v1/decisions/{id}")).by(token).send().await;
        assert_eq!(reply.status, status, "{id}: {}", reply.text);
    }
}
