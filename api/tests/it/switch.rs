//! Working in another organization or workspace.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::auth::{PASSWORD, login};
use crate::me::token_of_ann;
use crate::support::{ROOT, Reply, TestApp, text};
use crate::workspaces::token_of;
use crate::world::{ACME, ANN, FAR, GLOBEX, HOME, NOTHING, OPEN, VAULT, VIC};

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn switch(app: &TestApp, token: &str, body: Value) -> Reply {
    app.post("/api/v1/switch/organization").by(token).json(&body).send().await
}

async fn place(app: &TestApp, token: &str) -> (Value, Value) {
    let told = app.get("/api/v1/switch/current").by(token).send().await.expect(200).body;
    (told["organization"]["id"].clone(), told["workspace"]["id"].clone())
}

// proves CTX-1, CTX-4
#[tokio::test]
async fn a_switch_gives_new_tokens_and_the_old_ones_are_dead_at_once() {
    let app = TestApp::start().await;
    token_of_ann(&app).await;
    let tokens = login(&app, "ann@example.com").await.expect(200).body;
    let old = text(&tokens["access_token"]);
    let list = "/api/v1/orgs/current/workspaces";
    app.get(list).by(&old).send().await.problem(409, "no_current_organization");
    let reply = switch(&app, &old, json!({ "org_id": ACME })).await.expect(200);
    assert_eq!(reply.body["session_id"], tokens["session_id"]);
    let new = text(&reply.body["access_token"]);
    app.get("/api/v1/me").by(&old).send().await.problem(401, "invalid_token");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.post("/api/v1/auth/refresh").json(&refresh).send().await.problem(401, "invalid_refresh_token");
    let said = claims(&new);
    assert_eq!((&said["org_id"], &said["org_role"]), (&json!(ACME), &json!("admin")));
    assert_eq!((&said["workspace_id"], &said["workspace_role"]), (&json!(OPEN), &json!(null)));
    assert_eq!(app.get(list).by(&new).send().await.expect(200).body["total"], 1);
    assert_eq!(place(&app, &new).await, (json!(ACME), json!(OPEN)));
    // The new refresh token goes on in the same place.
    let refresh = json!({ "refresh_token": reply.body["refresh_token"] });
    let again = app.post("/api/v1/auth/refresh").json(&refresh).send().await.expect(200).body;
    assert_eq!(place(&app, &text(&again["access_token"])).await, (json!(ACME), json!(OPEN)));
    let put =
        app.put("/api/v1/orgs/current").by(&new).json(&json!({ "org_id": null })).send().await.expect(200);
    let alone = text(&put.body["access_token"]);
    assert_eq!(place(&app, &alone).await, (json!(null), json!(null)));
    app.get(list).by(&alone).send().await.problem(409, "no_current_organization");
}

// proves CTX-2, CTX-3, API-2
#[tokio::test]
async fn nobody_goes_where_they_do_not_belong() {
    let app = TestApp::start().await;
    let vic = token_of(&app, VIC, "vic").await;
    for (body, status, code) in [
        (json!({ "org_id": GLOBEX }), 404, "not_found"),
        (json!({ "org_id": NOTHING }), 404, "not_found"),
        (json!({ "org_id": ACME, "workspace_id": VAULT }), 404, "not_found"),
        (json!({ "org_id": ACME, "workspace_id": FAR }), 404, "not_found"),
        (json!({ "org_id": null, "workspace_id": OPEN }), 404, "not_found"),
        (json!({}), 422, "invalid"),
        (json!({ "org_id": "current" }), 422, "invalid"),
        (json!({ "org_id": ACME, "role": "owner" }), 422, "invalid"),
    ] {
        switch(&app, &vic, body).await.problem(status, code);
    }
    let known = switch(&app, &vic, json!({ "org_id": GLOBEX })).await.body;
    assert_eq!(known, switch(&app, &vic, json!({ "org_id": NOTHING })).await.body);
    assert_eq!(place(&app, &vic).await, (json!(null), json!(HOME)));
    let to =
        |id: &str| app.post("/api/v1/switch/workspace").by(&vic).json(&json!({ "workspace_id": id })).send();
    to(OPEN).await.problem(404, "not_found");
    // What was refused has changed nothing: the token is good.
    to(HOME).await.expect(200);
    for path in ["/api/v1/switch/organization", "/api/v1/switch/workspace"] {
        app.post(path).by(ROOT).json(&json!({ "org_id": ACME })).send().await.problem(403, "not_a_person");
        app.post(path).json(&json!({ "org_id": ACME })).send().await.problem(401, "unauthenticated");
    }
}

// proves CTX-3, ORG-7
#[tokio::test]
async fn a_removed_member_is_out_with_the_next_request() {
    let app = TestApp::start().await;
    let vic = token_of(&app, VIC, "vic").await;
    let vic = text(&switch(&app, &vic, json!({ "org_id": ACME })).await.expect(200).body["access_token"]);
    let list = "/api/v1/orgs/current/workspaces";
    assert_eq!(app.get(list).by(&vic).send().await.expect(200).body["workspaces"][0]["role"], "viewer");
    app.query(&format!("update memberships set suspended_at = now() where user_id = '{VIC}'"));
    app.get(list).by(&vic).send().await.problem(404, "not_found");
    switch(&app, &vic, json!({ "org_id": ACME })).await.problem(403, "membership_suspended");
    app.query(&format!("delete from memberships where user_id = '{VIC}'"));
    app.get(list).by(&vic).send().await.problem(409, "no_current_organization");
    app.get(&format!("/api/v1/orgs/{ACME}/workspaces/{OPEN}"))
        .by(&vic)
        .send()
        .await
        .problem(404, "not_found");
    switch(&app, &vic, json!({ "org_id": ACME })).await.problem(403, "no_longer_member");
    // And comes back with nothing but what a new member has.
    app.query(&format!("insert into memberships values ('{ACME}', '{VIC}', 'member', null, now())"));
    assert_eq!(place(&app, &vic).await, (json!(null), json!(null)));
    let new = switch(&app, &vic, json!({ "org_id": ACME })).await.expect(200).body;
    assert_eq!(place(&app, &text(&new["access_token"])).await, (json!(ACME), json!(null)));
}

// proves CTX-1, AUT-2
#[tokio::test]
async fn a_browser_gets_its_new_tokens_as_cookies() {
    const URL: &str = "https://door.example.com";
    let app = TestApp::setup().setting("DOORWARD_PUBLIC_URL", URL).start().await;
    token_of_ann(&app).await;
    let cookies = |reply: &Reply| {
        let lines = reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
        lines.map(|line| line.split(';').next().unwrap().to_owned()).collect::<Vec<_>>().join("; ")
    };
    let body = json!({ "email": "ann@example.com", "password": PASSWORD, "delivery": "cookie" });
    let reply = app.post("/api/v1/auth/login").header("origin", URL).json(&body).send().await.expect(200);
    let old = cookies(&reply);
    let to = |cookie: &str, origin: &str| {
        let call = app.post("/api/v1/switch/organization").header("cookie", cookie).header("origin", origin);
        call.json(&json!({ "org_id": ACME })).send()
    };
    to(&old, "https://evil.example").await.problem(403, "cross_origin");
    let reply = to(&old, URL).await.expect(200);
    assert!(reply.body["access_token"].is_null() && reply.body["refresh_token"].is_null());
    let new = cookies(&reply);
    let current = |cookie: &str| app.get("/api/v1/switch/current").header("cookie", cookie).send();
    assert_eq!(current(&new).await.expect(200).body["organization"]["slug"], "acme");
    current(&old).await.problem(401, "invalid_token");
}

// proves CTX-1
#[tokio::test]
async fn what_one_may_do_is_told_for_each_place() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let told = app.get("/api/v1/switch/current").by(&ann).send().await.expect(200).body;
    assert_eq!((&told["organization"], &told["grantable_roles"]), (&json!(null), &json!([])));
    let ann = text(&switch(&app, &ann, json!({ "org_id": ACME })).await.expect(200).body["access_token"]);
    let told = app.get("/api/v1/switch/current").by(&ann).send().await.expect(200).body;
    let has = |list: &Value, name: &str| list.as_array().unwrap().contains(&json!(name));
    assert!(has(&told["actions"]["organization"], "workspace.create"), "{told}");
    assert!(has(&told["actions"]["workspace"], "workspace.set_default"), "{told}");
    assert!(!has(&told["actions"]["platform"], "user.list"), "{told}");
    assert_eq!(told["grantable_roles"], json!(["admin", "member"]));
    assert_eq!(told["organization"]["role"], "admin");
    assert_eq!(claims(&ann)["sub"], ANN);
}
