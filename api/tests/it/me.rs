//! One's own account.

use serde_json::json;

use crate::auth::{PASSWORD, login, register};
use crate::support::{ROOT, TestApp, text};
use crate::world::ANN;

/// Ann gives the account that was brought in a password, and signs in.
pub(crate) async fn token_of_ann(app: &TestApp) -> String {
    token_of(app, ANN, "ann@example.com").await
}

/// The same for somebody else who was brought in.
pub(crate) async fn token_of(app: &TestApp, id: &str, email: &str) -> String {
    if app.query("select count(*) from users where email = 'hash@example.com'") == "0" {
        register(app, "hash@example.com").await.expect(202);
    }
    let copy = format!(
        "insert into passwords select '{id}', p.hash, p.changed_at from passwords p
         join users u on u.id = p.user_id where u.email = 'hash@example.com' on conflict do nothing"
    );
    app.query(&copy);
    text(&login(app, email).await.expect(200).body["access_token"])
}

// proves API-2, AUT-3
#[tokio::test]
async fn what_is_about_a_person_is_refused_to_keys_and_strangers() {
    let app = TestApp::start().await;
    let session = "/api/v1/me/sessions/019aa000-0000-7000-8000-00000000dead";
    for (method, path) in [
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/me/sessions"),
        ("DELETE", "/api/v1/me/sessions"),
        ("DELETE", session),
        ("POST", "/api/v1/me/deactivate"),
        ("POST", "/api/v1/me/reactivate"),
        ("POST", "/api/v1/me/verification"),
        ("POST", "/api/v1/auth/logout"),
    ] {
        app.call(method, path).by(ROOT).send().await.problem(403, "not_a_person");
        app.call(method, path).send().await.problem(401, "unauthenticated");
        app.call(method, path).by("a.b.c").send().await.problem(401, "invalid_token");
        app.operator(method, path).send().await.problem(403, "not_a_person");
    }
    let token = token_of_ann(&app).await;
    app.delete(session).by(&token).send().await.problem(404, "not_found");
    app.delete("/api/v1/me/sessions/x").by(&token).send().await.problem(422, "invalid");
}

// proves AUT-3, ACC-8
#[tokio::test]
async fn a_closed_account_is_told_so_and_one_at_rest_can_come_back() {
    let app = TestApp::start().await;
    let token = token_of_ann(&app).await;
    let set = |status: &str| {
        app.query(&format!("update users set status = '{status}' where id = '{ANN}' returning 1"))
    };
    set("disabled");
    app.get("/api/v1/me").by(&token).send().await.problem(403, "account_inactive");
    login(&app, "ann@example.com").await.problem(403, "account_inactive");
    set("active");
    app.post("/api/v1/me/reactivate").by(&token).send().await.problem(409, "not_deactivated");
    app.post("/api/v1/me/deactivate").by(&token).send().await.expect(204);
    app.get("/api/v1/me").by(&token).send().await.problem(401, "invalid_token");
    let token = token_of_ann(&app).await;
    app.patch("/api/v1/me")
        .by(&token)
        .json(&json!({ "name": "A" }))
        .send()
        .await
        .problem(403, "account_inactive");
    let me = app.post("/api/v1/me/reactivate").by(&token).send().await.expect(200).body;
    assert_eq!(me["status"], "active");
}

// proves AUT-5, AUT-6
#[tokio::test]
async fn a_password_is_changed_with_the_current_one() {
    let app = TestApp::start().await;
    let (here, there) = (token_of_ann(&app).await, token_of_ann(&app).await);
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        app.post("/api/v1/me/password").by(&here).json(&body).send()
    };
    change("wrong wrong", "another one altogether").await.problem(422, "invalid").field("current_password");
    change(PASSWORD, "password1").await.problem(422, "invalid").field("new_password");
    change(PASSWORD, "another one altogether").await.expect(204);
    app.get("/api/v1/me").by(&there).send().await.problem(401, "invalid_token");
    app.get("/api/v1/me").by(&here).send().await.expect(200);
    login(&app, "ann@example.com").await.problem(401, "invalid_credentials");
}
