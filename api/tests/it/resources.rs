//! `/api/v1/resources`

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOW, ROOT, TestApp, time};
use crate::world::{ACME, ANN, FAR, GUS, HOME, NOTHING, OPEN, VAULT, VIC};

const BULK: &str = "/api/v1/resources/bulk";

fn note() -> Value {
    json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = note();
    body[name] = value;
    body
}

fn line(id: &str, workspace: &str) -> String {
    json!({ "type": "Resource", "id": id, "workspace_id": workspace, "attributes": { "kind": "note" } })
        .to_string()
}

// proves RES-1
#[tokio::test]
async fn a_resource_lives_from_put_to_delete() {
    let app = TestApp::start().await;
    let key = app.org_key(ACME).await;
    let path = "/api/v1/resources/Resource/new";
    app.get(path).by(&key).send().await.problem(404, "not_found");

    let made = app.put(path).by(&key).json(&with("owner_id", json!(ANN))).send().await.expect(201);
    assert!(made.header("doorward-revision").unwrap().parse::<u64>().is_ok());
    let expected = json!({
        "type": "Resource", "id": "new", "workspace_id": OPEN, "owner_id": ANN, "attributes": { "kind": "note" },
        "parents": [], "created_at": NOW, "updated_at": NOW,
    });
    assert_eq!(made.body, expected);
    assert_eq!(app.get(path).by(&key).send().await.expect(200).body, expected);

    app.clock.advance(Duration::from_secs(60));
    let parent = json!([{ "type": "Resource", "id": "plan" }]);
    let replaced = app.put(path).by(&key).json(&with("parents", parent.clone())).send().await.expect(200);
    assert_eq!(replaced.body["owner_id"], Value::Null);
    assert_eq!(replaced.body["parents"], parent);
    assert_eq!(replaced.body["created_at"], NOW);
    assert_eq!(replaced.body["updated_at"], "2026-11-21T12:01:00Z");

    app.delete("/api/v1/resources/Resource/plan").by(&key).send().await.problem(409, "has_children");
    let gone = app.delete(path).by(&key).send().await.expect(204);
    assert_eq!(gone.text, "");
    assert!(gone.header("doorward-revision").is_some());
    app.delete(path).by(&key).send().await.problem(404, "not_found");
    app.get(path).by(&key).send().await.problem(404, "not_found");
}

// proves RES-1
#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_takes_away() {
    let app = TestApp::start().await;
    let path = "/api/v1/resources/Resource/plan";
    let tagged = json!({ "workspace_id": OPEN, "owner_id": ANN, "attributes": { "kind": "note" } });
    app.put(path).by(ROOT).json(&tagged).send().await.expect(200);
    let patch = async |body: Value| app.patch(path).by(ROOT).json(&body).send().await;

    let nothing = patch(json!({})).await.expect(200);
    assert_eq!(nothing.body["owner_id"], ANN);
    assert_eq!(nothing.body["attributes"], tagged["attributes"]);
    let attributes = json!({ "color": null, "kind": "map" });
    let changed = patch(json!({ "attributes": attributes })).await.expect(200);
    assert_eq!(changed.body["attributes"], json!({ "kind": "map" }));
    assert_eq!(changed.body["owner_id"], ANN);
    let nobodys = patch(json!({ "owner_id": null })).await.expect(200);
    assert_eq!(nobodys.body["owner_id"], Value::Null);
    let moved = patch(json!({ "workspace_id": VAULT })).await.expect(200);
    assert_eq!(moved.body["workspace_id"], VAULT);
    assert_eq!(moved.body["attributes"], json!({ "kind": "map" }));
    assert!(moved.header("doorward-revision").is_some());
    assert_eq!(app.get(path).by(ROOT).send().await.body, moved.body);

    let before = app.contents();
    patch(json!({ "attributes": { "kind": null } })).await.problem(422, "invalid").field("attributes");
    patch(json!({ "attributes": { "kind": 7 } })).await.problem(422, "invalid").field("attributes");
    patch(json!({ "attributes": "none" })).await.problem(422, "invalid").field("attributes");
    patch(json!({ "parents": [{ "type": "Resource", "id": "plan" }] }))
        .await
        .problem(422, "invalid")
        .field("parents");
    patch(json!({ "owner_id": NOTHING })).await.problem(422, "invalid").field("owner_id");
    for unknown in ["created_at", "updated_at", "org_id", "type", "id"] {
        patch(json!({ unknown: "x" })).await.problem(422, "invalid").field(unknown);
    }
    assert_eq!(app.contents(), before);
    let missing = app.patch("/api/v1/resources/Resource/nothing").by(ROOT).json(&json!({}));
    missing.send().await.problem(404, "not_found");
}

// proves RES-1
#[tokio::test]
async fn types_and_ids_are_any_text_when_they_are_percent_encoded() {
    let app = TestApp::start().await;
    for (encoded, id) in [
        ("a%2Fb", "a/b"),
        ("a%20b%0Ac", "a b\nc"),
        ("%22quoted%22", "\"quoted\""),
        ("%E2%9C%93%F0%9F%92%A5", "✓💥"),
        ("%2E%2E%2F%2E%2E", "../.."),
        ("100%25", "100%"),
        ("a+b", "a+b"),
        ("a%3Fb%23c", "a?b#c"),
        (&"x".repeat(512), &"x".repeat(512)),
        (&"%C3%BC".repeat(512), &"ü".repeat(512)),
    ] {
        let path = format!("/api/v1/resources/Resource/{encoded}");
        let made = app.put(&path).by(ROOT).json(&note()).send().await.expect(201);
        assert_eq!(made.body["id"], id);
        assert_eq!(app.get(&path).by(ROOT).send().await.expect(200).body["id"], id);
        let answer = app.ask(VIC, "resource.read", ("Resource", id)).await;
        assert_eq!(answer["decision"], "allow", "{id:?}");
        app.delete(&path).by(ROOT).send().await.expect(204);
    }
    let document =
        json!({ "workspace_id": OPEN, "attributes": { "classification": "public", "legal_hold": false } });
    for path in ["/api/v1/resources/Docs%3A%3ADocument/a%2Fb", "/api/v1/resources/Docs::Document/a%2Fc"] {
        let made = app.put(path).by(ROOT).json(&document).send().await.expect(201);
        assert_eq!(made.body["type"], "Docs::Document");
        app.get(path).by(ROOT).send().await.expect(200);
    }
}

// proves RES-1, API-2
#[tokio::test]
async fn an_id_that_cannot_be_kept_is_422_and_never_found() {
    let app = TestApp::start().await;
    for id in ["a%00b", &"x".repeat(513), &"%F0%9F%92%A5".repeat(513)] {
        let path = format!("/api/v1/resources/Resource/{id}");
        app.put(&path).by(ROOT).json(&note()).send().await.problem(422, "invalid").field("id");
        app.get(&path).by(ROOT).send().await.problem(404, "not_found");
        app.delete(&path).by(ROOT).send().await.problem(404, "not_found");
    }
    app.get("/api/v1/resources/Resource/%FF").by(ROOT).send().await.problem(422, "invalid").field("path");
    app.put("/api/v1/resources/%00/x")
        .by(ROOT)
        .json(&note())
        .send()
        .await
        .problem(422, "invalid")
        .field("type");
    app.get("/api/v1/resources/Resource/").by(ROOT).send().await.problem(404, "no_such_route");
}

// proves RES-1, RES-3
#[tokio::test]
async fn reserved_and_unknown_types_are_refused() {
    let app = TestApp::start().await;
    let before = app.contents();
    for kind in [
        "User",
        "Organization",
        "Workspace",
        "Agent",
        "ApiKey",
        "Service",
        "Platform",
        "OrgRole",
        "ShareList",
        "Plan",
        "Membership",
        "AccountStatus",
        "Action",
        "Alien",
        "docs::Document",
        "Docs%3A%3ANothing",
        "x%22y",
        "Docs::",
        "%20Resource",
        "Docs%3A%3AAction",
    ] {
        let path = format!("/api/v1/resources/{kind}/{VIC}");
        let reply = app.put(&path).by(ROOT).json(&note()).send().await;
        reply.problem(422, "invalid").field("type");
        app.get(&path).by(ROOT).send().await.problem(404, "not_found");
        app.delete(&path).by(ROOT).send().await.problem(404, "not_found");
    }
    assert_eq!(app.contents(), before);
}

// proves RES-1
#[tokio::test]
async fn attributes_are_as_the_type_declares_them() {
    let app = TestApp::start().await;
    let before = app.contents();
    let document = "/api/v1/resources/Docs%3A%3ADocument/new";
    let of = |attributes: Value| json!({ "workspace_id": OPEN, "attributes": attributes });
    for (path, body, field) in [
        (document, of(json!({})), "attributes"),
        (document, of(json!({ "classification": "public" })), "attributes"),
        (document, of(json!({ "classification": 7, "legal_hold": false })), "attributes"),
        (document, of(json!({ "classification": "public", "legal_hold": false, "extra": 1 })), "attributes"),
        (document, of(json!({ "classification": "a\u{0}b", "legal_hold": false })), "attributes"),
        // What Doorward itself knows cannot be said by an application.
        (document, of(json!({ "classification": "x", "legal_hold": false, "workspace": FAR })), "attributes"),
        (document, of(json!({ "classification": "x", "legal_hold": false, "owner": ANN })), "attributes"),
        ("/api/v1/resources/Resource/new", of(json!({ "kind": "x", "shared_editors": "y" })), "attributes"),
        ("/api/v1/resources/Resource/new", json!({ "workspace_id": OPEN }), "attributes"),
    ] {
        let reply = app.put(path).by(ROOT).json(&body).send().await;
        reply.problem(422, "invalid").field(field);
    }
    assert_eq!(app.contents(), before);
}

// proves RES-1, API-4
#[tokio::test]
async fn a_body_says_only_what_it_may_say() {
    let app = TestApp::start().await;
    let path = "/api/v1/resources/Resource/new";
    let before = app.contents();
    for (name, value) in [
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("updated_at", json!("2020-01-01T00:00:00Z")),
        ("org", json!(ACME)),
        ("org_id", json!(ACME)),
        ("id", json!("other")),
        ("type", json!("User")),
        ("workspace_id", json!("no uuid")),
        ("workspace_id", json!(null)),
        ("owner_id", json!("no uuid")),
        ("owner_id", json!(NOTHING)),
        ("parents", json!("none")),
        ("parents", json!([{ "type": "Resource", "id": "nothing" }])),
        ("parents", json!([{ "type": "Resource", "id": "far" }])),
        ("parents", json!([{ "type": "User", "id": VIC }])),
        ("parents", json!([{ "type": "Resource", "id": "\u{0}" }])),
    ] {
        let reply = app.put(path).by(ROOT).json(&with(name, value.clone())).send().await;
        let reply = reply.problem(422, "invalid");
        let field = reply.body["fields"][0]["field"].as_str().unwrap();
        assert!(field.starts_with(name), "{name}: {value}: {}", reply.text);
    }
    for body in ["", "{}", "null", "not json", "[]"] {
        app.put(path).by(ROOT).body(body).send().await.problem(422, "invalid");
        if body != "{}" {
            app.patch("/api/v1/resources/Resource/plan")
                .by(ROOT)
                .body(body)
                .send()
                .await
                .problem(422, "invalid");
        }
    }
    let over = " ".repeat((1 << 20) + 1);
    app.put(path).by(ROOT).body(over.clone()).send().await.problem(413, "body_too_large");
    app.patch(path).by(ROOT).body(over).send().await.problem(413, "body_too_large");
    app.put(path).by(ROOT).json(&with("workspace_id", json!(NOTHING))).send().await.problem(404, "not_found");
    assert_eq!(app.contents(), before);
}

// proves API-4
#[tokio::test]
async fn fields_narrow_a_resource() {
    let app = TestApp::start().await;
    let path = "/api/v1/resources/Resource/plan";
    let reply = app.get(&format!("{path}?fields=id,attributes")).by(ROOT).send().await.expect(200);
    assert_eq!(reply.body, json!({ "id": "plan", "attributes": { "kind": "note" } }));
    app.get(&format!("{path}?fields=secret")).by(ROOT).send().await.problem(422, "invalid").field("fields");
    app.get(&format!("{path}?field=id")).by(ROOT).send().await.problem(422, "invalid").field("field");
}

// proves KEY-1, RES-1, API-2
#[tokio::test]
async fn each_key_reaches_what_is_its_own() {
    let app = TestApp::start().await;
    let (_, reader) = app.key(Some(ACME), &["resources:read"]).await;
    let (_, writer) = app.key(Some(ACME), &["resources:write"]).await;
    let (_, asker) = app.key(Some(ACME), &["authorize"]).await;
    let (plan, far, diary) = (
        "/api/v1/resources/Resource/plan",
        "/api/v1/resources/Resource/far",
        "/api/v1/resources/Resource/diary",
    );
    for (token, read, write) in [(&reader, 200, 403), (&writer, 403, 200), (&asker, 403, 403)] {
        assert_eq!(app.get(plan).by(token).send().await.status, read);
        assert_eq!(app.put(plan).by(token).json(&note()).send().await.status, write);
        // Of another organization or a person, whatever the scopes: not there.
        for foreign in [far, diary] {
            app.get(foreign).by(token).send().await.problem(404, "not_found");
            app.patch(foreign).by(token).json(&json!({})).send().await.problem(404, "not_found");
            app.delete(foreign).by(token).send().await.problem(404, "not_found");
        }
    }
    // Moving out of the organization is as impossible as taking something in.
    let out = json!({ "workspace_id": FAR });
    app.patch(plan).by(&writer).json(&out).send().await.problem(404, "not_found");
    app.put(far).by(&writer).json(&note()).send().await.problem(404, "not_found");
    app.get(far).by(ROOT).send().await.expect(200);
    app.get(diary).by(ROOT).send().await.expect(200);
    assert_eq!(app.get(plan).by(ROOT).send().await.body["workspace_id"], OPEN);
}

// proves RES-1
#[tokio::test]
async fn many_are_registered_together_or_not_at_all() {
    let app = TestApp::start().await;
    let key = app.org_key(ACME).await;
    let good = [line("one", OPEN), String::new(), line("two", VAULT), line("plan", OPEN)].join("\r\n");
    let reply = app.post(BULK).by(&key).body(good).send().await.expect(200);
    assert_eq!(reply.body, json!({ "written": 3 }));
    assert!(reply.header("doorward-revision").is_some());
    assert_eq!(app.query("select count(*) from resources where id in ('one', 'two')"), "2");

    let before = app.contents();
    for (bad, field) in [
        ("not json".to_owned(), "line 3"),
        ("{}".to_owned(), "line 3"),
        (line("x", NOTHING), "line 3"),
        (line("x", FAR), "line 3"),
        (line("x\\u0000", OPEN), "line 3"),
        (line("x", OPEN).replace("note", "\\u0000"), "line 3"),
        (line("x", OPEN).replace("\"Resource\"", "\"User\""), "line 3: type"),
        (line("x", OPEN).replace("\"kind\"", "\"sort\""), "line 3: attributes"),
        (line("x", OPEN).replacen('{', "{\"created_at\": 1, ", 1), "line 3"),
    ] {
        // The JSON of `line` escapes the backslash; here it stands for itself.
        let bad = bad.replace("\\\\u0000", "\\u0000");
        let body = [line("three", OPEN), String::new(), bad.clone(), line("four", OPEN)].join("\n");
        let reply = app.post(BULK).by(&key).body(body).send().await;
        let reply = reply.problem(422, "invalid");
        assert_eq!(reply.body["fields"][0]["field"], field, "{bad}: {}", reply.text);
    }
    assert_eq!(app.contents(), before);
}

// proves RES-1
#[tokio::test]
async fn a_batch_has_at_most_a_thousand_lines_and_eight_mebibytes() {
    let app = TestApp::start().await;
    let lines = |count: usize| {
        (0..count).map(|number| line(&format!("many-{number}"), OPEN)).collect::<Vec<_>>().join("\n")
    };
    let before = app.contents();
    let reply = app.post(BULK).by(ROOT).body(lines(1_001)).send().await;
    reply.problem(422, "invalid").field("line 1001");
    let over = " ".repeat((8 << 20) + 1);
    app.post(BULK).by(ROOT).body(over).send().await.problem(413, "body_too_large");
    app.post(BULK).by(ROOT).body(b"\xff\xfe".to_vec()).send().await.problem(422, "invalid");
    assert_eq!(app.contents(), before);

    // More than other routes take.
    let body = format!("{}\n{}", lines(1_000), " ".repeat(2 << 20));
    let reply = app.post(BULK).by(ROOT).body(body).send().await.expect(200);
    assert_eq!(reply.body["written"], 1_000);
    assert_eq!(app.query("select count(*) from resources where id like 'many-%'"), "1000");
}

// proves RES-1, KEY-1
#[tokio::test]
async fn bulk_needs_the_scope_even_for_nothing() {
    let app = TestApp::start().await;
    let (_, reader) = app.key(Some(ACME), &["resources:read"]).await;
    let before = app.contents();
    app.post(BULK).by(&reader).body(line("new", OPEN)).send().await.problem(403, "forbidden");
    app.post(BULK).body("").send().await.problem(401, "unauthenticated");
    assert_eq!(app.contents(), before);
    app.post(BULK).by(ROOT).body("\n\n").send().await.problem(422, "invalid");
}

// proves RES-1
#[tokio::test]
async fn a_personal_workspace_takes_resources_from_the_platforms_key() {
    let app = TestApp::start().await;
    let body = json!({ "workspace_id": HOME, "owner_id": VIC, "attributes": { "kind": "note" } });
    let made = app.put("/api/v1/resources/Resource/poem").by(ROOT).json(&body).send().await.expect(201);
    assert_eq!(time(&made.body["created_at"]), NOW.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "poem")).await["decision"], "allow");
    assert_eq!(app.ask(ANN, "resource.read", ("Resource", "poem")).await["decision"], "deny");
    assert_eq!(app.ask(GUS, "resource.read", ("Resource", "poem")).await["decision"], "deny");
}
