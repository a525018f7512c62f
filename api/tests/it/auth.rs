//! Registering, and what links that are mailed are good for.

use serde_json::{Value, json};
use tenancy::{Caller, LinkId, UserId, user_action};

use crate::support::{ROOT, Reply, TestApp, text};

pub(crate) const PASSWORD: &str = "zebra stripes at dawn";

pub(crate) async fn register(app: &TestApp, email: &str) -> Reply {
    let body = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
    app.post("/api/v1/auth/register").json(&body).send().await
}

pub(crate) async fn login(app: &TestApp, email: &str) -> Reply {
    app.post("/api/v1/auth/login").json(&json!({ "email": email, "password": PASSWORD })).send().await
}

/// The token in the newest mail of this kind, as the worker would write it.
pub(crate) async fn mailed(app: &TestApp, mail: &str) -> String {
    let of = |field: &str| {
        app.query(&format!(
            "select payload ->> '{field}' from jobs where payload ->> 'mail' = '{mail}' order by id desc limit 1"
        ))
    };
    let (user, link) = (UserId(of("user_id").parse().unwrap()), LinkId(of("link_id").parse().unwrap()));
    let mut tx = app.db.begin(tenancy::Request::default()).await.unwrap();
    let allowed = tx.authorize::<user_action::Mail>(&Caller::Worker, user).await.unwrap();
    tenancy::link::to_be_mailed(&mut tx, &allowed, link).await.unwrap().unwrap().0.reveal().to_owned()
}

async fn verify(app: &TestApp, token: &str) -> Reply {
    app.post("/api/v1/auth/verify-email").json(&json!({ "token": token })).send().await
}

/// Lets the worker answer who has forgotten the password.
pub(crate) async fn answer_forgotten(app: &TestApp, email: &str) -> String {
    let id = app.query(&format!("select id from users where email = '{email}'"));
    let mut tx = app.db.begin(tenancy::Request::default()).await.unwrap();
    tenancy::account::answer_forgotten(&mut tx, UserId(id.parse().unwrap())).await.unwrap();
    tx.commit().await.unwrap();
    mailed(app, "password_reset").await
}

// proves ACC-1, ACC-2
#[tokio::test]
async fn an_account_is_opened_verified_and_used() {
    let app = TestApp::start().await;
    let first = register(&app, "olga@example.com").await.expect(202);
    let second = register(&app, "OLGA@example.com").await.expect(202);
    assert_eq!((&first.text, first.body), (&second.text, json!({ "status": "accepted" })));
    let token = text(&login(&app, "olga@example.com").await.expect(200).body["access_token"]);
    let me = app.get("/api/v1/me").by(&token).send().await.expect(200).body;
    assert_eq!((&me["status"], &me["email_verified"]), (&json!("pending"), &json!(false)));
    let rename = || app.patch("/api/v1/me").by(&token).json(&json!({ "name": "Olga" })).send();
    rename().await.problem(403, "email_unverified");
    let link = mailed(&app, "verification").await;
    verify(&app, &link).await.expect(204);
    verify(&app, &link).await.problem(410, "gone");
    assert_eq!(rename().await.expect(200).body["name"], "Olga");
    app.post("/api/v1/me/verification").by(&token).send().await.problem(409, "already_verified");
}

// proves AUT-6, AUT-9
#[tokio::test]
async fn a_forgotten_password_is_chosen_by_a_link_that_no_request_shapes() {
    let app = TestApp::start().await;
    register(&app, "olga@example.com").await.expect(202);
    let ask = |email: &str| {
        let call = app.post("/api/v1/auth/forgot-password").header("x-forwarded-host", "evil.example");
        call.header("host", "evil.example").json(&json!({ "email": email })).send()
    };
    let known = ask("olga@example.com").await.expect(202);
    for unknown in ["nobody@example.com", "no address", ""] {
        assert_eq!(ask(unknown).await.expect(202).text, known.text);
    }
    let link = answer_forgotten(&app, "olga@example.com").await;
    // Links are made of the configured URL when they are sent: nothing that was asked with is kept.
    assert_eq!(app.query("select count(*) from jobs j where j::text ~ 'evil|http|dwl_'"), "0");
    let reset = |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        app.post("/api/v1/auth/reset-password").json(&body).send()
    };
    reset(&link, "password1").await.problem(422, "invalid").field("password");
    reset("dwl_x", "another one altogether").await.problem(422, "invalid").field("token");
    reset(&format!("dwl_{}", "A".repeat(43)), "another one altogether").await.problem(404, "not_found");
    verify(&app, &link).await.problem(404, "not_found");
    reset(&link, "another one altogether").await.expect(204);
    reset(&link, "another one altogether").await.problem(410, "gone");
    login(&app, "olga@example.com").await.problem(401, "invalid_credentials");
}

// proves API-4: no mass assignment
#[tokio::test]
async fn nobody_gives_themselves_a_role_or_a_state() {
    let app = TestApp::start().await;
    let good = json!({ "email": "olga@example.com", "password": PASSWORD, "name": "Olga" });
    for (field, value) in [
        ("platform_role", json!("super_admin")),
        ("status", json!("active")),
        ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ("id", json!("019aa000-0000-7000-8000-0000000000a2")),
        ("approved_at", Value::Null),
        ("quota_bytes", json!(1)),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        app.post("/api/v1/auth/register").json(&body).send().await.problem(422, "invalid");
        let token = crate::me::token_of_ann(&app).await;
        let before = app.query("select string_agg(u::text, '' order by id) from users u");
        app.patch("/api/v1/me")
            .by(&token)
            .json(&json!({ field: value }))
            .send()
            .await
            .problem(422, "invalid");
        assert_eq!(app.query("select string_agg(u::text, '' order by id) from users u"), before, "{field}");
    }
    assert_eq!(app.query("select count(*) from users where email = 'olga@example.com'"), "0");
}

// proves ACC-11, AUT-4, AUT-6
#[tokio::test]
async fn no_answer_tells_a_hash_or_a_token_that_is_not_the_askers() {
    let app = TestApp::start().await;
    let mut answers =
        vec![register(&app, "olga@example.com").await, register(&app, "olga@example.com").await];
    let link = mailed(&app, "verification").await;
    answers.push(verify(&app, &link).await);
    answers.push(verify(&app, &link).await);
    let tokens = login(&app, "olga@example.com").await.expect(200);
    let (access, refresh) = (text(&tokens.body["access_token"]), text(&tokens.body["refresh_token"]));
    for path in ["/api/v1/me", "/api/v1/me/sessions", "/api/v1/me/second-factor", "/.well-known/jwks.json"] {
        answers.push(app.get(path).by(&access).send().await);
    }
    answers.push(app.patch("/api/v1/me").by(&access).json(&json!({ "name": "O" })).send().await);
    let wrong = json!({ "current_password": "wrong wrong", "new_password": "another one altogether" });
    answers.push(app.post("/api/v1/me/password").by(&access).json(&wrong).send().await);
    answers.push(app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": "dwr_x" })).send().await);
    let reset = answer_forgotten(&app, "olga@example.com").await;
    let weak = json!({ "token": reset, "password": "password1" });
    answers.push(app.post("/api/v1/auth/reset-password").json(&weak).send().await);
    answers.push(app.get("/api/v1/admin/queue/jobs").by(ROOT).send().await);
    answers.push(app.post("/api/v1/auth/logout").by(&access).send().await);
    let hash = app.query("select hash from passwords");
    for answer in &answers {
        let told = format!("{} {:?}", answer.text, answer.headers);
        for secret in ["argon2", &hash, PASSWORD, &link, &reset, &access, &refresh, "sealed", "\"hash\""] {
            assert!(!told.contains(secret), "{secret} is told: {told}");
        }
    }
    assert!(answers.len() > 12);
}
