//! `/api/v1/admin/users`

use serde_json::{Value, json};
use tenancy::account;

use crate::auth::{PASSWORD, login, register};
use crate::support::{ROOT, TestApp, text};
use crate::world::{ANN, NOTHING};

const PATH: &str = "/api/v1/admin/users";

/// The access token of a super admin, who came in by the link of the first start.
pub(crate) async fn administrator(app: &TestApp) -> String {
    let link = account::set_up_link(&app.db).await.unwrap().expect("nobody is there yet");
    let body =
        json!({ "token": link.reveal(), "email": "sam@example.com", "password": PASSWORD, "name": "Sam" });
    app.post("/api/v1/auth/set-up").json(&body).send().await.expect(204);
    text(&login(app, "sam@example.com").await.expect(200).body["access_token"])
}

pub(crate) fn of(id: &str, what: &str) -> String {
    format!("{PATH}/{id}/{what}")
}

// proves ACC-4, ACC-5, ACC-11
#[tokio::test]
async fn an_administrator_approves_closes_and_opens_an_account() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    register(&app, "nora@example.com").await.expect(202);
    let nora = text(&login(&app, "nora@example.com").await.expect(200).body["access_token"]);
    let listed = app.get(&format!("{PATH}?status=pending")).by(&sam).send().await.expect(200);
    assert_eq!(
        (&listed.body["total"], &listed.body["users"][0]["email"]),
        (&json!(1), &json!("nora@example.com"))
    );
    let id = text(&listed.body["users"][0]["id"]);
    let approved = app.post(&of(&id, "approve")).by(&sam).send().await.expect(200);
    assert_eq!(approved.body["status"], "active");
    assert!(approved.header("doorward-revision").is_some());
    let reason = json!({ "reason": "gone" });
    let closed = app.post(&of(&id, "disable")).by(&sam).json(&reason).send().await.expect(200);
    assert_eq!(
        (&closed.body["status"], &closed.body["disabled_reason"]),
        (&json!("disabled"), &json!("gone"))
    );
    app.get("/api/v1/me").by(&nora).send().await.problem(401, "invalid_token");
    login(&app, "nora@example.com").await.problem(403, "account_inactive");
    app.post(&of(&id, "approve")).by(&sam).send().await.problem(409, "not_approvable");
    let opened = app.post(&of(&id, "enable")).by(&sam).send().await.expect(200);
    assert_eq!(opened.body["status"], "active");
    login(&app, "nora@example.com").await.expect(200);
    let entries = app.get("/api/v1/admin/audit?action=user.disable").by(&sam).send().await.expect(200);
    let entry = &entries.body["entries"][0];
    assert_eq!((&entry["target"]["id"], &entry["ip"]), (&json!(id), &json!("127.0.0.1")));
}

// proves ACC-5
#[tokio::test]
async fn an_administrator_makes_an_account_without_knowing_its_password() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let new = json!({ "email": "Nora@EXAMPLE.com", "name": "Nora", "locale": "fr" });
    let made = app.post(PATH).by(&sam).json(&new).send().await.expect(201);
    let id = text(&made.body["id"]);
    assert_eq!(made.header("location"), Some(format!("{PATH}/{id}").as_str()));
    assert_eq!(
        (&made.body["password_must_change"], &made.body["email"]),
        (&json!(true), &json!("Nora@example.com"))
    );
    app.post(PATH).by(&sam).json(&new).send().await.problem(409, "address_taken");
    let sent = app.post(&of(&id, "password-reset")).by(&sam).send().await.expect(202);
    for reply in [&made, &sent] {
        assert!(!reply.text.contains("dwl_"), "{}", reply.text);
    }
    for (bad, field) in [
        (json!({ "email": "nora", "name": "Nora" }), "email"),
        (json!({ "email": "n@example.com", "name": "a\r\nb" }), "name"),
        (json!({ "email": "n@example.com", "name": "N", "password": "zebra stripes 7" }), "password"),
        (json!({ "email": "n@example.com", "name": "N", "platform_role": "super_admin" }), "platform_role"),
        (json!({ "email": "n@example.com", "name": "N", "locale": "de" }), "locale"),
    ] {
        app.post(PATH).by(&sam).json(&bad).send().await.problem(422, "invalid").field(field);
    }
}

// proves ACC-5
#[tokio::test]
async fn settings_of_an_account_are_checked_and_a_quota_below_its_usage_is_a_warning() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let put = async |what: &str, body: Value| app.put(&of(ANN, what)).by(&sam).json(&body).send().await;
    let set = put("quota", json!({ "quota_bytes": 10 })).await.expect(200);
    assert_eq!((&set.body["quota_bytes"], &set.body["warnings"]), (&json!(10), &json!([])));
    app.query(&format!("update user_quotas set used_bytes = 11 where user_id = '{ANN}' returning 1"));
    let set = put("quota", json!({ "quota_bytes": 10 })).await.expect(200);
    assert_eq!(set.body["warnings"], json!(["below_usage"]));
    put("quota", json!({ "quota_bytes": -1 })).await.problem(422, "invalid").field("quota_bytes");
    put("quota", json!({ "quota_bytes": "1" })).await.problem(422, "invalid").field("quota_bytes");
    let set = put("ai", json!({ "ai_provider": "acme", "ai_model": "m1" })).await.expect(200);
    assert_eq!((&set.body["ai_provider"], &set.body["ai_model"]), (&json!("acme"), &json!("m1")));
    put("ai", json!({ "ai_model": "m1" })).await.problem(422, "invalid").field("ai_provider");
    let set = put("platform-role", json!({ "platform_role": "admin" })).await.expect(200);
    assert_eq!(set.body["platform_role"], "admin");
    put("platform-role", json!({})).await.problem(422, "invalid");
    put("platform-role", json!({ "platform_role": "god" }))
        .await
        .problem(422, "invalid")
        .field("platform_role");
    app.clock.advance(std::time::Duration::from_secs(601));
    put("platform-role", json!({ "platform_role": null })).await.problem(403, "reauthentication_required");
}

// proves ACC-5, ACC-6, API-2
#[tokio::test]
async fn accounts_are_administrators_business() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    register(&app, "nora@example.com").await.expect(202);
    app.query("update users set email_verified_at = now() where email = 'nora@example.com' returning 1");
    let nora = text(&login(&app, "nora@example.com").await.expect(200).body["access_token"]);
    app.get(PATH).by(&nora).send().await.problem(403, "forbidden");
    app.get(PATH).by(ROOT).send().await.problem(403, "forbidden");
    app.get(&format!("{PATH}/{ANN}")).by(&nora).send().await.problem(404, "not_found");
    app.post(&of(ANN, "approve")).by(&nora).send().await.problem(404, "not_found");
    app.post(&of(NOTHING, "approve")).by(&sam).send().await.problem(404, "not_found");
    app.post(&of("x", "approve")).by(&sam).send().await.problem(422, "invalid");
    let own = text(&app.get("/api/v1/me").by(&sam).send().await.expect(200).body["id"]);
    app.post(&of(&own, "disable")).by(&sam).send().await.problem(403, "forbidden");
    for (query, field) in [
        ("status=great", "status"),
        ("sort=size", "sort"),
        ("stat=active", "stat"),
        ("search=", "search"),
        ("page=0", "page"),
    ] {
        let reply = app.get(&format!("{PATH}?{query}")).by(&sam).send().await.problem(422, "invalid");
        assert!(reply.text.contains(field), "{query}: {}", reply.text);
    }
    let one = app.get(&format!("{PATH}?fields=id,status&limit=1")).by(&sam).send().await.expect(200);
    assert_eq!(one.body["users"][0].as_object().unwrap().len(), 2);
}

// proves AUT-2
#[tokio::test]
async fn a_signing_key_that_became_known_is_replaced_at_once() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    app.get("/api/v1/me").by(&sam).send().await.expect(200);
    let at_once = json!({ "when": "at_once" });
    let path = "/api/v1/admin/signing-key/rotate";
    app.post(path).by(ROOT).json(&at_once).send().await.problem(403, "forbidden");
    app.operator("POST", path).json(&at_once).send().await.expect(204);
    app.get("/api/v1/me").by(&sam).send().await.problem(401, "invalid_token");
    let again = text(&login(&app, "sam@example.com").await.expect(200).body["access_token"]);
    app.get("/api/v1/me").by(&again).send().await.expect(200);
}

// proves WSP-5
#[tokio::test]
async fn a_person_shares_their_own_workspace_over_http() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let path = "/api/v1/me/workspace/shares";
    let share = json!({ "grantee": "user", "email": "ann@example.com", "level": "editor" });
    let made = app.post(path).by(&sam).json(&share).send().await.expect(201);
    assert_eq!((&made.body["user_id"], &made.body["level"]), (&json!(ANN), &json!("editor")));
    for (bad, field) in [
        (json!({ "grantee": "user", "level": "viewer" }), "email"),
        (json!({ "grantee": "platform", "email": "ann@example.com", "level": "viewer" }), "email"),
        (json!({ "grantee": "user", "email": "no@example.com", "level": "viewer" }), "email"),
        (json!({ "grantee": "platform", "level": "editor" }), "to"),
        (json!({ "grantee": "everybody", "level": "viewer" }), "grantee"),
    ] {
        app.post(path).by(&sam).json(&bad).send().await.problem(422, "invalid").field(field);
    }
    let listed = app.get(path).by(&sam).send().await.expect(200);
    assert_eq!(listed.body["total"], 1);
    let one = format!("{path}/{}", text(&made.body["id"]));
    app.delete(&one).by(&sam).send().await.expect(204);
    app.delete(&one).by(&sam).send().await.problem(404, "not_found");
}
