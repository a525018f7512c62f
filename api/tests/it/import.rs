//! `POST /api/v1/import`

use serde_json::json;

use crate::support::{ROOT, TestApp};
use crate::world::{self, ANN, NOTHING, VIC};

const PATH: &str = "/api/v1/import";

fn user(id: &str, name: &str) -> String {
    json!({ "user": { "id": id, "email": format!("{name}@example.com"), "name": name, "status": "active" } })
        .to_string()
}

// proves OPS-6
#[tokio::test]
async fn every_kind_is_brought_in_and_a_second_time_changes_nothing() {
    let app = TestApp::setup().empty().start().await;
    let lines = world::lines();
    for kind in
        ["user", "organization", "membership", "workspace", "workspace_member", "agent", "resource", "share"]
    {
        assert!(lines.contains(&format!("{{\"{kind}\":")), "{kind} is not tried");
    }
    let count = lines.lines().count();
    let reply = app.post(PATH).by(ROOT).body(lines.clone()).send().await.expect(200);
    assert_eq!(reply.body, json!({ "written": count }));
    assert!(reply.header("doorward-revision").is_some());
    let all = "select (select count(*) from users), (select count(*) from shares), (select count(*) from resources),
               (select string_agg(u::text, ';' order by id) from users u)";
    let before = app.query(all);
    app.clock.advance(std::time::Duration::from_secs(60));
    app.post(PATH).by(ROOT).body(lines).send().await.expect(200);
    assert_eq!(app.query(all), before);
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "plan")).await["decision"], "allow");
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "gold")).await["decision"], "allow");
}

// proves OPS-6
#[tokio::test]
async fn one_bad_line_keeps_the_whole_batch_out_and_is_named() {
    let app = TestApp::start().await;
    let before = app.contents();
    for (bad, field) in [
        ("not json", "line 2"),
        ("{}", "line 2"),
        ("[]", "line 2"),
        (r#"{"usr": {}}"#, "line 2"),
        (r#"{"user": {}, "user": {}}"#, "line 2"),
        (r#"{"user": {"id": "no uuid"}}"#, "line 2"),
        (&user(ANN, "bad").replace("active", "great"), "line 2"),
        (&user(ANN, "bad").replace("\"status\"", "\"password\": \"x\", \"status\""), "line 2"),
        (&user(ANN, "bad").replace('@', " at "), "line 2: email"),
        (&user(NOTHING, "vic"), "line 2: email"),
        (&user(NOTHING, "bad").replace("active", "pending"), "line 2: approval_due_at"),
        (
            &format!(r#"{{"membership": {{"org_id": "{NOTHING}", "user_id": "{ANN}", "role": "owner"}}}}"#),
            "line 2: org_id",
        ),
    ] {
        let body = [user("019aa000-0000-7000-8000-00000000aaaa", "good"), bad.to_owned()].join("\n");
        let reply = app.post(PATH).by(ROOT).body(body).send().await.problem(422, "invalid");
        assert_eq!(reply.body["fields"][0]["field"], field, "{bad}: {}", reply.text);
        assert!(!reply.body["fields"][0]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(app.contents(), before);
}

// proves OPS-6
#[tokio::test]
async fn every_unreadable_line_is_named_at_once() {
    let app = TestApp::start().await;
    let body = ["x", &user(ANN, "ann"), "{}", "", "y"].join("\n");
    let reply = app.post(PATH).by(ROOT).body(body).send().await.problem(422, "invalid");
    let fields = reply.body["fields"].as_array().unwrap();
    let named: Vec<_> = fields.iter().map(|field| field["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["line 1", "line 3", "line 5"]);
}

// proves KEY-1, OPS-6
#[tokio::test]
async fn only_the_scope_imports() {
    let app = TestApp::start().await;
    let (_, import) = app.key(None, &["import"]).await;
    let (_, other) = app.key(None, &["resources:write", "keys:manage", "authorize"]).await;
    let line = user("019aa000-0000-7000-8000-00000000aaaa", "new");
    let before = app.contents();
    app.post(PATH).by(&other).body(line.clone()).send().await.problem(403, "forbidden");
    // Who may not import does not learn what is wrong with the lines either.
    app.post(PATH).by(&other).body("not json").send().await.problem(403, "forbidden");
    assert_eq!(app.contents(), before);
    app.post(PATH).by(&import).body(line).send().await.expect(200);
}

// proves OPS-6
#[tokio::test]
async fn a_batch_has_at_most_a_thousand_lines_of_utf_8() {
    let app = TestApp::start().await;
    let before = app.contents();
    let line = user(ANN, "ann") + "\n";
    let reply = app.post(PATH).by(ROOT).body(line.repeat(1_001)).send().await;
    reply.problem(422, "invalid").field("line 1001");
    app.post(PATH).by(ROOT).body(b"\xff\xfe".to_vec()).send().await.problem(422, "invalid");
    let over = " ".repeat((8 << 20) + 1);
    app.post(PATH).by(ROOT).body(over).send().await.problem(413, "body_too_large");
    assert_eq!(app.contents(), before);
    let reply = app.post(PATH).by(ROOT).body(line.repeat(1_000)).send().await.expect(200);
    assert_eq!(reply.body["written"], 1_000);
}
