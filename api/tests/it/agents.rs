//! `/api/v1/agents…`, `/api/v1/orgs/{org_id}/agents` and `/agent-uses`

use serde_json::{Value, json};

use crate::me::token_of_ann;
use crate::support::{ROOT, Reply, TestApp, text};
use crate::world::{ACME, AGENT, GLOBEX, NOTHING};

/// Ann, an admin of Acme, makes an agent.
async fn create(app: &TestApp, token: &str, body: Value) -> Reply {
    app.post(&format!("/api/v1/orgs/{ACME}/agents")).by(token).json(&body).send().await
}

// proves AGT-1, AGT-2
#[tokio::test]
async fn an_admin_makes_changes_and_retires_an_agent() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let new = json!({ "agent_type": "chat", "name": "Chat", "settings": { "model": "large" } });
    let made = create(&app, &ann, new.clone()).await.expect(201);
    let path = format!("/api/v1/agents/{}", text(&made.body["id"]));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.body["settings"], json!({ "model": "large" }));
    assert_eq!(
        (&made.body["license"], &made.body["version"], &made.body["org_id"]),
        (&json!("proprietary"), &json!(1), &json!(ACME))
    );
    create(&app, &ann, new).await.problem(409, "agent_type_taken");
    // Nobody says whose it is, and its type stays.
    for (field, value) in [("org_id", json!(GLOBEX)), ("license", json!("free")), ("is_active", json!(false))]
    {
        let mut body = json!({ "agent_type": "other", "name": "Chat" });
        body[field] = value;
        create(&app, &ann, body).await.problem(422, "invalid");
    }
    let patch = async |body: Value| app.patch(&path).by(&ann).json(&body).send().await;
    patch(json!({ "agent_type": "other" })).await.problem(422, "invalid");
    patch(json!({ "settings": [] })).await.problem(422, "invalid").field("settings");
    let described = patch(json!({ "description": "Talks" })).await.expect(200).body;
    assert_eq!((&described["description"], &described["name"]), (&json!("Talks"), &json!("Chat")));
    let stale =
        app.patch(&path).by(&ann).header("if-match", "\"1\"").json(&json!({ "name": "Late" })).send().await;
    stale.problem(412, "precondition_failed");
    let silent = patch(json!({ "description": null })).await.expect(200).body;
    assert_eq!(silent["description"], Value::Null);
    for _ in 0..2 {
        app.delete(&path).by(&ann).send().await.expect(204);
    }
    assert_eq!(app.get(&path).by(&ann).send().await.expect(200).body["is_active"], false);
    assert_eq!(
        app.post(&format!("{path}/reactivate")).by(&ann).send().await.expect(200).body["is_active"],
        true
    );

    let list = app.get("/api/v1/agents?sort=-name&search=H&active=true&fields=name").by(&ann).send().await;
    let list = list.expect(200).body;
    assert_eq!(
        (&list["agents"], &list["total"]),
        (&json!([{ "name": "Helper" }, { "name": "Chat" }]), &json!(2))
    );
    for query in ["license=none", "active=maybe", "sort=rank", "limit=101", "org_id=x", "page=0", "mine=1"] {
        app.get(&format!("/api/v1/agents?{query}")).by(&ann).send().await.problem(422, "invalid");
    }
    app.get("/api/v1/agents").by(ROOT).send().await.problem(403, "not_a_person");
    app.post("/api/v1/agents")
        .by(&ann)
        .json(&json!({ "agent_type": "a", "name": "A" }))
        .send()
        .await
        .problem(403, "forbidden");
}

// proves AGT-2, API-2
#[tokio::test]
async fn an_agent_of_others_is_told_of_as_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    app.query(&format!("update agents set org_id = '{GLOBEX}' where id = '{AGENT}' returning 1"));
    for (method, path) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/reactivate"),
        ("GET", "/shares"),
        ("POST", "/shares"),
    ] {
        let send = |id: &str| {
            let body = if path == "/shares" { json!({ "org": "acme" }) } else { json!({ "name": "mine" }) };
            app.call(method, &format!("/api/v1/agents/{id}{path}")).by(&ann).json(&body).send()
        };
        let (theirs, none) = (send(AGENT).await, send(NOTHING).await);
        assert_eq!(
            theirs.problem(404, "not_found").body,
            none.problem(404, "not_found").body,
            "{method} {path}"
        );
    }
}

// proves AGT-3, ORG-12
#[tokio::test]
async fn an_agent_is_lent_and_each_use_is_paid_once() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let shares = format!("/api/v1/agents/{AGENT}/shares");
    let lend = async |body: Value| app.post(&shares).by(&ann).json(&body).send().await;
    lend(json!({ "org": "nowhere" })).await.problem(422, "invalid").field("org");
    lend(json!({ "org": "acme" })).await.problem(422, "invalid").field("org");
    for price in [json!("0"), json!("0.00001"), json!(1), json!("1e2"), json!("-1")] {
        lend(json!({ "org": "globex", "price_per_use": price }))
            .await
            .problem(422, "invalid")
            .field("price_per_use");
    }
    let share = lend(json!({ "org": "globex", "price_per_use": "0.5" })).await.expect(201).body;
    assert_eq!((&share["price_per_use"], &share["org_slug"]), (&json!("0.50"), &json!("globex")));
    let listed = app.get(&shares).by(&ann).send().await.expect(200).body;
    assert_eq!(listed["shares"], json!([share]));

    let wallet = format!("/api/v1/orgs/{GLOBEX}/wallet/entries");
    let top_up = json!({ "amount": "1", "reason": "top-up", "key": "top-up" });
    app.post(&wallet).by(ROOT).json(&top_up).send().await.expect(201);
    let globex = app.org_key(GLOBEX).await;
    let uses = format!("/api/v1/orgs/{GLOBEX}/agent-uses");
    let record = async |key: &str| {
        app.post(&uses).by(&globex).json(&json!({ "agent_id": AGENT, "key": key })).send().await
    };
    let first = record("turn-1").await.expect(201).body;
    assert_eq!(first["charged"], "0.50");
    assert_eq!(record("turn-1").await.expect(200).body, first);
    record("turn-2").await.expect(201);
    record("turn-3").await.problem(409, "insufficient_funds");
    let paid = app.get(&format!("/api/v1/orgs/{ACME}/wallet")).by(ROOT).send().await.expect(200).body;
    assert_eq!(paid, json!({ "org_id": ACME, "balance": "1.00", "currency": "EUR" }));

    let gone = format!("{shares}/{}", text(&share["id"]));
    app.delete(&gone).by(&ann).send().await.expect(204);
    app.delete(&gone).by(&ann).send().await.problem(404, "not_found");
    record("turn-3").await.problem(404, "not_found");
    assert_eq!(record("turn-2").await.expect(200).body["charged"], "0.50");
}
