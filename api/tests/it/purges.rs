//! Deletions over HTTP: what they refuse, what ends at once, and how they are called off.

mod grace;
mod race;
mod refusal;

use serde_json::{Value, json};

use crate::auth::{PASSWORD, login, register};
use crate::invitations::token_of;
use crate::jobs::{job, state};
use crate::support::{ROOT, Reply, TestApp, text};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, HOME, NOTHING, OPEN, VIC};

async fn delete_me(app: &TestApp, token: &str) -> Reply {
    app.delete("/api/v1/me").by(token).json(&json!({ "password": PASSWORD })).send().await
}

/// Makes somebody a member, past everything.
fn join(app: &TestApp, org: &str, user: &str, role: &str) {
    app.query(&format!(
        "insert into memberships (org_id, user_id, role, created_at) values ('{org}', '{user}', '{role}', now())
         on conflict (org_id, user_id) do update set role = '{role}'"
    ));
}

fn status(app: &TestApp, user: &str) -> String {
    app.query(&format!("select status from users where id = '{user}'"))
}

/// What a purge is about.
fn targets(app: &TestApp, purge: &Value) -> Vec<String> {
    let id = text(purge);
    let all =
        format!("select string_agg(id::text, ' ' order by id) from purge_targets where purge_id = '{id}'");
    app.query(&all).split(' ').map(str::to_owned).collect()
}

// proves ACC-8, ACC-9, PRG-1
#[tokio::test]
async fn an_account_is_deleted_with_its_password_and_access_ends_with_the_answer() {
    let app = TestApp::start().await;
    let vic = token_of(&app, VIC).await;
    let mail = job("pending").user(VIC).insert(&app);
    let other = job("pending").user(ANN).insert(&app);
    app.query(&format!(
        "insert into documents (id, workspace_id, name, content_type, size, sha256, state, upload_expires_at, created_at)
         values ('{NOTHING}', '{HOME}', 'a', 'text/plain', 7, sha256(''), 'uploading', '2026-11-21T12:15:00Z', now())"
    ));
    let plan = app.get("/api/v1/me/deletion").by(&vic).send().await.expect(200).body;
    assert_eq!((&plan["subject"], &plan["grace_seconds"]), (&json!("user"), &json!(0)));
    let erased = &plan["erased"];
    assert_eq!(
        (&erased["workspaces"], &erased["documents"], &erased["document_bytes"], &erased["resources"]),
        (&json!(1), &json!(1), &json!(7), &json!(1))
    );
    assert_eq!((&plan["stays"][0]["id"], &plan["obstacles"]), (&json!(ACME), &json!([])));

    let wrong = json!({ "password": "not the right one" });
    app.delete("/api/v1/me").by(&vic).json(&wrong).send().await.problem(422, "invalid").field("password");
    let more = json!({ "password": PASSWORD, "id": ANN });
    app.delete("/api/v1/me").by(&vic).json(&more).send().await.problem(422, "invalid");
    assert_eq!(status(&app, VIC), "active");
    let asked = delete_me(&app, &vic).await.expect(202);
    let id = text(&asked.body["id"]);
    assert_eq!(asked.header("location"), Some(&*format!("/api/v1/me/purge/{id}")));
    assert!(asked.header("clear-site-data").is_some() && asked.header("doorward-revision").is_some());
    assert_eq!((&asked.body["state"], &asked.body["step"]), (&json!("running"), &json!("remote")));
    assert_eq!(targets(&app, &asked.body["id"]), [VIC, HOME]);

    app.get("/api/v1/me").by(&vic).send().await.problem(401, "invalid_token");
    login(&app, "vic@example.com").await.problem(401, "invalid_credentials");
    assert_eq!(status(&app, VIC), "deleting");
    assert_eq!((state(&app, &mail), state(&app, &other)), ("cancelled".to_owned(), "pending".to_owned()));
    let shut = "select string_agg(id::text, ' ') from workspaces where deleting_at is not null";
    assert_eq!(app.query(shut), HOME);
    let until = format!("select uploads_until = '2026-11-21T12:15:00Z' from purges where id = '{id}'");
    assert_eq!(app.query(&until), "t", "an upload that was signed before can still come");
    let run =
        format!("select count(*) from jobs where kind = 'purge.run' and payload ->> 'purge_id' = '{id}'");
    assert_eq!(app.query(&run), "1");
    let decision = app.ask(VIC, "resource.read", ("Resource", "diary")).await;
    assert_eq!(decision["decision"], "deny", "{decision}");
    let decision = app.ask(ANN, "resource.read", ("Resource", "plan")).await;
    assert_eq!(decision["decision"], "allow", "{decision}");

    // The address is free again.
    register(&app, "VIC@example.com").await.expect(202);
    let people = "select count(*) from users where lower(email) = 'vic@example.com' and status = 'pending'";
    assert_eq!(app.query(people), "1");
}

// proves PRG-4, ACC-12
#[tokio::test]
async fn a_purge_is_shown_to_whoever_asked_to_its_token_and_to_administrators() {
    let app = TestApp::start().await;
    let (gus, ann) = (token_of(&app, GUS).await, token_of(&app, ANN).await);
    let path = format!("/api/v1/orgs/{GLOBEX}/workspaces/{FAR}");
    let asked = app.delete(&path).by(&gus).send().await.expect(202);
    let (id, token) = (text(&asked.body["id"]), text(&asked.body["token"]));
    assert!(token.starts_with("dwp_"));
    assert!(!app.contents().contains(&token[4..]), "the store knows the token");
    let open = format!("/api/v1/me/purge/{id}");
    let seen = app.get(&open).by(&gus).send().await.expect(200).body;
    assert_eq!(
        (&seen["id"], &seen["subject"], &seen["org_id"]),
        (&json!(id), &json!("workspace"), &json!(GLOBEX))
    );
    assert!(seen.get("token").is_none(), "it is told once");
    app.get(&open).by(&ann).send().await.problem(404, "not_found");
    app.get(&open).send().await.problem(401, "unauthenticated");
    assert_eq!(app.get(&format!("{open}?token={token}")).send().await.expect(200).body, seen);
    let other = format!("/api/v1/me/purge/{NOTHING}?token={token}");
    app.get(&other).send().await.problem(404, "not_found");
    for wrong in ["x".to_owned(), format!("dwp_{}", "A".repeat(43))] {
        app.get(&format!("{open}?token={wrong}")).by(&gus).send().await.problem(404, "not_found");
    }
    let mine = app.get("/api/v1/me/purges").by(&gus).send().await.expect(200).body;
    assert_eq!((&mine["total"], &mine["purges"][0]), (&json!(1), &seen));
    assert_eq!(app.get("/api/v1/me/purges").by(&ann).send().await.expect(200).body["total"], 0);

    app.get("/api/v1/admin/purges").by(&ann).send().await.problem(403, "forbidden");
    for (query, total) in [
        ("", 1),
        ("?state=running&subject=workspace", 1),
        ("?state=done", 0),
        ("?subject=user", 0),
        (&format!("?subject_id={FAR}"), 1),
        (&format!("?subject_id={NOTHING}"), 0),
    ] {
        let listed = app.get(&format!("/api/v1/admin/purges{query}")).by(ROOT).send().await;
        match listed.status {
            // A platform key has no role.
            403 => {
                let listed = app.operator("GET", &format!("/api/v1/admin/purges{query}")).send().await;
                assert_eq!(listed.expect(200).body["total"], total, "{query}");
            }
            _ => assert_eq!(listed.expect(200).body["total"], total, "{query}"),
        }
    }
    app.operator("GET", "/api/v1/admin/purges?state=lost").send().await.problem(422, "invalid");
    let stats = app.operator("GET", "/api/v1/admin/stats").send().await.expect(200).body;
    assert_eq!(stats["purges"], 1);

    app.query(&format!(
        "update purges set state = 'done', started_at = requested_at, finished_at = '2026-11-21T12:00:00Z',
             receipt = '{{\"requested_at\": \"2026-11-21T12:00:00Z\", \"started_at\": \"2026-11-21T12:00:00Z\",
                \"finished_at\": \"2026-11-21T12:00:00Z\", \"counts\": {{\"documents\": 3}}, \"exceptions\": [],
                \"verification\": {{\"verified_at\": \"2026-11-21T12:00:00Z\", \"stragglers\": 0, \"objects_left\": 0, \"rows_left\": 0}}}}'
         where id = '{id}'"
    ));
    let with_token = format!("{open}?token={token}");
    let done = app.get(&with_token).send().await.expect(200).body;
    assert_eq!(done["receipt"]["counts"], json!({ "documents": 3 }));
    app.clock.advance(std::time::Duration::from_secs(30 * 24 * 3600));
    app.get(&with_token).send().await.problem(404, "not_found");
    let admin = format!("/api/v1/admin/purges/{id}?fields=receipt,state");
    let kept = app.operator("GET", &admin).send().await.expect(200).body;
    assert_eq!((&kept["state"], &kept["receipt"]), (&json!("done"), &done["receipt"]));
    assert_eq!(app.operator("GET", "/api/v1/admin/stats").send().await.expect(200).body["purges"], 0);
}

// proves ORG-4, PRG-1
#[tokio::test]
async fn an_organization_is_deleted_by_its_owner_who_types_its_name_again() {
    let app = TestApp::start().await;
    join(&app, GLOBEX, VIC, "admin");
    let (gus, vic) = (token_of(&app, GUS).await, token_of(&app, VIC).await);
    let key = app.org_key(GLOBEX).await;
    app.query(&format!(
        "insert into invitations (id, org_id, email, role, hash, sent_at, created_at, expires_at)
         values ('{NOTHING}', '{GLOBEX}', 'ivy@example.com', 'member', '\\x00', now(), now(), '2027-01-01')"
    ));
    let waiting = job("pending").org(GLOBEX).insert(&app);
    let path = format!("/api/v1/orgs/{GLOBEX}");
    let name = |name: &str| json!({ "name": name });
    let plan = app.get(&format!("{path}/deletion")).by(&gus).send().await.expect(200).body;
    let erased = &plan["erased"];
    assert_eq!(
        (&erased["workspaces"], &erased["members"], &erased["api_keys"], &erased["organizations"]),
        (&json!(1), &json!(2), &json!(1), &json!(1))
    );
    app.delete(&path).by(&vic).json(&name("globex")).send().await.problem(403, "forbidden");
    app.delete(&path).by(&gus).json(&name("Globex")).send().await.problem(422, "invalid").field("name");
    app.delete(&path).by(&gus).send().await.problem(422, "invalid");
    let switch = json!({ "org_id": GLOBEX });
    app.post("/api/v1/switch/organization").by(&vic).json(&switch).send().await.expect(200);
    let asked = app.delete(&path).by(&gus).json(&name("globex")).send().await.expect(202);
    assert_eq!(targets(&app, &asked.body["id"]), [GLOBEX, FAR]);

    for (method, path, body) in [
        ("GET", path.clone(), json!(null)),
        ("GET", format!("{path}/members"), json!(null)),
        ("GET", format!("{path}/workspaces/{FAR}"), json!(null)),
        ("PATCH", path.clone(), name("new")),
        ("GET", format!("{path}/keys"), json!(null)),
    ] {
        app.call(method, &path).by(&gus).json(&body).send().await.problem(404, "not_found");
    }
    app.delete(&path).by(&gus).json(&name("globex")).send().await.problem(409, "already_deleting");
    assert_eq!(app.get("/api/v1/orgs").by(&gus).send().await.expect(200).body["total"], 0);
    let question = json!({ "principal": { "type": "User", "id": GUS }, "action": "resource.read",
        "resource": { "type": "Resource", "id": "far" } });
    let refused = app.post("/api/v1/authorize").by(&key).json(&question).send().await;
    assert!([401, 403, 404].contains(&refused.status), "{}", refused.text);
    let left = format!("select count(*) from sessions where org_id = '{GLOBEX}' or workspace_id = '{FAR}'");
    assert_eq!(app.query(&left), "0");
    assert_eq!(state(&app, &waiting), "cancelled");
    let invited = format!("select count(*) from invitations where org_id = '{GLOBEX}' and ended_at is null");
    assert_eq!(app.query(&invited), "0");
    // Acme goes on.
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "plan")).await["decision"], "allow");
    let audited = format!("select count(*) from audit where chain = '{GLOBEX}' and action = 'org.delete'");
    assert_eq!(app.query(&audited), "1");
}

// proves WSP-3, PRG-1
#[tokio::test]
async fn a_workspace_is_deleted_and_its_name_is_free_at_once() {
    let app = TestApp::start().await;
    let ann = token_of(&app, ANN).await;
    let all = format!("/api/v1/orgs/{ACME}/workspaces");
    let one = format!("{all}/{OPEN}");
    let plan = app.get(&format!("{one}/deletion")).by(&ann).send().await.expect(200).body;
    assert_eq!((&plan["erased"]["resources"], &plan["obstacles"]), (&json!(2), &json!([])));
    let default =
        || app.query(&format!("update workspaces set is_default = not is_default where id = '{OPEN}'"));
    default();
    let plan = app.get(&format!("{one}/deletion")).by(&ann).send().await.expect(200).body;
    assert_eq!(plan["obstacles"][0]["code"], "default_workspace");
    app.delete(&one).by(&ann).send().await.problem(409, "default_workspace");
    default();
    let asked = app.delete(&one).by(&ann).send().await.expect(202);
    assert_eq!(targets(&app, &asked.body["id"]), [OPEN]);
    app.get(&one).by(&ann).send().await.problem(404, "not_found");
    app.get("/api/v1/resources/Resource/plan").by(ROOT).send().await.problem(404, "not_found");
    app.delete(&one).by(&ann).send().await.problem(409, "already_deleting");
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "plan")).await["decision"], "deny");
    app.post(&all).by(&ann).json(&json!({ "name": "open" })).send().await.expect(201);
}
