//! `/api/v1/me/second-factor`, and signing in with one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use totp_rs::Builder;

use crate::support::{ROOT, Reply, TestApp, text};

const EMAIL: &str = "sofia@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// What the app shows at a time.
pub(crate) fn code(secret: &str, at: DateTime<Utc>) -> String {
    let secret: [u8; 20] = BASE32_NOPAD.decode(secret.as_bytes()).unwrap().try_into().unwrap();
    let app = Builder::new().with_secret(secret).build().unwrap();
    app.generate(at.timestamp().unsigned_abs()).to_string()
}

/// Somebody with a verified address.
async fn register(app: &TestApp) {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "name": "Sofia" });
    app.post("/api/v1/auth/register").json(&body).send().await.expect(202);
    app.query(&format!(
        "update users set email_verified_at = created_at where email = '{EMAIL}' returning 1"
    ));
}

async fn sign_in(app: &TestApp, code: Option<&str>) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "code": code });
    app.post("/api/v1/auth/login").json(&body).send().await
}

/// The token of who signs in.
async fn token(app: &TestApp, code: Option<&str>) -> String {
    text(&sign_in(app, code).await.expect(200).body["access_token"])
}

async fn state(app: &TestApp, token: &str) -> Value {
    app.get("/api/v1/me/second-factor").by(token).send().await.expect(200).body
}

// proves AUT-8: ASVS 6.5.1, 6.5.6
#[tokio::test]
async fn who_has_set_up_a_second_factor_signs_in_with_it() {
    let app = TestApp::start().await;
    register(&app).await;
    let (elsewhere, here) = (token(&app, None).await, token(&app, None).await);
    assert_eq!(
        state(&app, &here).await,
        json!({ "enabled": false, "enabled_at": null, "recovery_codes_left": 0 })
    );
    let enrolment = app.post("/api/v1/me/second-factor").by(&here).send().await.expect(200).body;
    let secret = text(&enrolment["secret"]);
    assert!(text(&enrolment["otpauth_url"]).contains(&secret));
    assert!(text(&enrolment["qr"]).starts_with("data:image/svg+xml;base64,"));
    sign_in(&app, None).await.expect(200);

    let confirm = |code: String| {
        app.post("/api/v1/me/second-factor/confirm").by(&here).json(&json!({ "code": code })).send()
    };
    confirm("000000".into()).await.problem(422, "invalid").field("code");
    let now = app.clock.clock().now();
    let confirmed = confirm(code(&secret, now)).await.expect(200).body;
    let recovery = confirmed["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);
    assert_eq!(state(&app, &here).await["enabled"], true);
    app.get("/api/v1/me").by(&elsewhere).send().await.problem(401, "invalid_token");

    sign_in(&app, None).await.problem(401, "second_factor_required");
    sign_in(&app, Some(&code(&secret, now))).await.problem(401, "invalid_credentials");
    app.clock.advance(Duration::from_secs(30));
    let next = code(&secret, app.clock.clock().now());
    let strong = token(&app, Some(&next)).await;
    sign_in(&app, Some(&next)).await.problem(401, "invalid_credentials");
    let lost = token(&app, recovery[0].as_str()).await;
    sign_in(&app, recovery[0].as_str()).await.problem(401, "invalid_credentials");
    assert_eq!(state(&app, &lost).await["recovery_codes_left"], 9);

    let renew = |token: &str| app.post("/api/v1/me/second-factor/recovery-codes").by(token).send();
    assert_eq!(renew(&here).await.status, 403, "signed in without it");
    assert_eq!(renew(&strong).await.expect(200).body["recovery_codes"].as_array().unwrap().len(), 10);
    sign_in(&app, recovery[1].as_str()).await.problem(401, "invalid_credentials");
    app.post("/api/v1/me/second-factor").by(&strong).send().await.problem(409, "second_factor_exists");
    app.delete("/api/v1/me/second-factor").by(&strong).send().await.expect(204);
    app.delete("/api/v1/me/second-factor").by(&strong).send().await.problem(404, "not_found");
    sign_in(&app, None).await.expect(200);
    let mails = "select count(*) from jobs where payload ->> 'mail' = 'second_factor_changed'";
    assert_eq!(app.query(mails), "2");
}

// proves AUT-8
#[tokio::test]
async fn what_is_no_person_has_no_second_factor() {
    let app = TestApp::start().await;
    app.get("/api/v1/me/second-factor").by(ROOT).send().await.problem(403, "not_a_person");
    app.post("/api/v1/me/second-factor").by(ROOT).send().await.problem(403, "not_a_person");
}
