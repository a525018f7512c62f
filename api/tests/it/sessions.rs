//! Signing in and out, in applications and in browsers.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::auth::{PASSWORD, login};
use crate::me::token_of_ann;
use crate::support::{Call, Reply, TestApp, text};
use crate::world::ANN;

const URL: &str = "https://door.example.com";

async fn https() -> TestApp {
    let app = TestApp::setup().setting("DOORWARD_PUBLIC_URL", URL).start().await;
    // Ann has a password from here on.
    token_of_ann(&app).await;
    app
}

fn login_by_cookie(app: &TestApp) -> Call {
    let body = json!({ "email": "ann@example.com", "password": PASSWORD, "delivery": "cookie" });
    app.post("/api/v1/auth/login").json(&body)
}

/// The cookies that an answer sets, as `name=value` for requests, and each whole line.
fn cookies(reply: &Reply) -> (String, Vec<String>) {
    let lines = reply.headers.get_all("set-cookie").iter();
    let lines: Vec<String> = lines.map(|line| line.to_str().unwrap().to_owned()).collect();
    let pairs: Vec<&str> = lines.iter().map(|line| line.split(';').next().unwrap()).collect();
    (pairs.join("; "), lines)
}

// proves AUT-2, AUT-4
#[tokio::test]
async fn a_browser_keeps_its_tokens_where_no_script_and_no_other_host_sees_them() {
    let app = https().await;
    let reply = login_by_cookie(&app).header("origin", URL).send().await.expect(200);
    assert!(reply.body["access_token"].is_null() && reply.body["refresh_token"].is_null(), "{}", reply.text);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let (sent, lines) = cookies(&reply);
    assert_eq!(lines.len(), 2);
    for (line, (name, seconds)) in lines.iter().zip([("access", 900), ("refresh", 14 * 24 * 3600)]) {
        assert!(line.starts_with(&format!("__Host-doorward_{name}=")), "{line}");
        let attributes = format!("; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert!(line.ends_with(&attributes), "{line}");
    }
    let me = app.get("/api/v1/me").header("cookie", &sent).send().await.expect(200);
    assert_eq!(me.body["id"], ANN);
    // Names without the prefix are what any host of the domain could have set.
    let plain = sent.replace("__Host-", "");
    app.get("/api/v1/me").header("cookie", &plain).send().await.problem(401, "unauthenticated");
    let out = app
        .post("/api/v1/auth/logout")
        .header("cookie", &sent)
        .header("origin", URL)
        .send()
        .await
        .expect(204);
    assert_eq!(out.header("clear-site-data"), Some(r#""cache", "cookies", "storage""#));
    let (_, cleared) = cookies(&out);
    assert_eq!(cleared.len(), 2);
    assert!(cleared.iter().all(|line| line.contains("=; Max-Age=0; Path=/; ")), "{cleared:?}");
    app.get("/api/v1/me").header("cookie", &sent).send().await.problem(401, "invalid_token");
}

// proves AUT-2: no request of another site is made in somebody's name
#[tokio::test]
async fn a_cookie_changes_something_from_our_own_pages_only() {
    let app = https().await;
    let (sent, _) = cookies(&login_by_cookie(&app).header("origin", URL).send().await.expect(200));
    let from: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://door.example.com.evil.example")],
        &[("origin", "http://door.example.com")],
        &[("sec-fetch-site", "same-site")],
    ];
    let before = app.query("select count(*) from sessions where revoked_at is null");
    for headers in from {
        let with = |call: Call| headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        for call in [
            app.patch("/api/v1/me").json(&json!({ "name": "Hacked" })),
            app.post("/api/v1/auth/logout"),
            app.post("/api/v1/auth/refresh"),
            app.delete("/api/v1/me/sessions"),
            app.post("/api/v1/me/deactivate"),
            app.post("/api/v1/auth/reauthenticate").json(&json!({ "password": PASSWORD })),
        ] {
            let reply = with(call.header("cookie", &sent)).send().await.problem(403, "cross_origin");
            assert!(cookies(&reply).1.is_empty());
        }
        // Nobody is signed in as somebody else either.
        let reply = with(login_by_cookie(&app)).send().await.problem(403, "cross_origin");
        assert!(cookies(&reply).1.is_empty());
        with(app.get("/api/v1/me").header("cookie", &sent)).send().await.expect(200);
    }
    assert_eq!(app.query("select count(*) from sessions where revoked_at is null"), before);
    let ours = app.patch("/api/v1/me").header("cookie", &sent).header("sec-fetch-site", "same-origin");
    ours.json(&json!({ "name": "Ann" })).send().await.expect(200);
}

// proves AUT-2
#[tokio::test]
async fn a_bearer_token_wins_over_a_cookie() {
    let app = https().await;
    let (sent, _) = cookies(&login_by_cookie(&app).header("origin", URL).send().await.expect(200));
    let both = app.get("/api/v1/me").header("cookie", &sent);
    both.by("a.b.c").send().await.problem(401, "invalid_token");
    let basic = app.get("/api/v1/me").header("cookie", &sent).header("authorization", "Basic YTpi");
    basic.send().await.problem(401, "invalid_token");
    // A token is sent on purpose: where it comes from does not matter.
    let token = text(&login(&app, "ann@example.com").await.expect(200).body["access_token"]);
    let change = app.patch("/api/v1/me").header("cookie", &sent).header("origin", "https://evil.example");
    change.by(&token).json(&json!({ "name": "Ann" })).send().await.expect(200);
}

// proves AUT-4
#[tokio::test]
async fn a_refresh_that_fails_takes_no_cookie_away_and_one_that_works_sets_both() {
    let app = https().await;
    let (sent, _) = cookies(&login_by_cookie(&app).header("origin", URL).send().await.expect(200));
    let refresh =
        |sent: &str| app.post("/api/v1/auth/refresh").header("cookie", sent).header("origin", URL).send();
    let reply = refresh(&sent).await.expect(200);
    assert!(reply.body["access_token"].is_null() && reply.body["refresh_token"].is_null());
    let (next, lines) = cookies(&reply);
    assert_eq!(lines.len(), 2);
    let again = cookies(&refresh(&sent).await.expect(200)).0;
    let refresh_of = |sent: &str| sent.split("refresh=").nth(1).unwrap().to_owned();
    assert_eq!(refresh_of(&again), refresh_of(&next), "the same successor");
    app.clock.advance(std::time::Duration::from_secs(31));
    for failing in [sent.as_str(), next.as_str(), "__Host-doorward_refresh=dwr_x", ""] {
        let reply = refresh(failing).await.problem(401, "invalid_refresh_token");
        assert!(cookies(&reply).1.is_empty(), "{:?}", reply.headers);
        assert_eq!(reply.header("clear-site-data"), None);
    }
}

// proves AUT-4, AUT-7
#[tokio::test]
async fn an_application_signs_in_refreshes_and_signs_out() {
    let app = TestApp::start().await;
    token_of_ann(&app).await;
    let tokens = login(&app, "ann@example.com").await.expect(200);
    assert!(cookies(&tokens).1.is_empty());
    assert_eq!(
        (&tokens.body["token_type"], tokens.header("cache-control")),
        (&json!("Bearer"), Some("no-store"))
    );
    let wrong = |email: &str| {
        let body = json!({ "email": email, "password": "wrong wrong" });
        app.post("/api/v1/auth/login").json(&body).send()
    };
    let (known, unknown) = (wrong("ann@example.com").await, wrong("nobody@example.com").await);
    assert_eq!(known.text, unknown.text);
    known.problem(401, "invalid_credentials");
    let refresh =
        |token: &Value| app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": token })).send();
    let next = refresh(&tokens.body["refresh_token"]).await.expect(200);
    app.post("/api/v1/auth/refresh").send().await.problem(401, "invalid_refresh_token");
    refresh(&json!("dwr_short")).await.problem(422, "invalid").field("refresh_token");
    refresh(&json!(format!("dwr_{}", "A".repeat(43)))).await.problem(401, "invalid_refresh_token");
    let access = text(&next.body["access_token"]);
    let sessions = app.get("/api/v1/me/sessions").by(&access).send().await.expect(200).body;
    let current = sessions["sessions"].as_array().unwrap().iter().filter(|s| s["is_current"] == true).count();
    assert_eq!(current, 1);
    app.post("/api/v1/auth/logout").by(&access).send().await.expect(204);
    app.get("/api/v1/me").by(&access).send().await.problem(401, "invalid_token");
    refresh(&next.body["refresh_token"]).await.problem(401, "invalid_refresh_token");
}

// proves AUT-2
#[tokio::test]
async fn the_published_key_set_verifies_a_token() {
    let app = TestApp::start().await;
    let token = token_of_ann(&app).await;
    let reply = app.get("/.well-known/jwks.json").send().await.expect(200);
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    let header = jsonwebtoken::decode_header(&token).unwrap();
    let keys = reply.body["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"].as_str() == header.kid.as_deref()).unwrap();
    let names: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| ["d", "k", "p", "q"].contains(&name.as_str())), "{names:?}");
    let known: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false; // the clock of a test
    validation.set_audience(&["doorward"]);
    let key = DecodingKey::from_jwk(&known).unwrap();
    let said = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(said["sub"], ANN);
    let forged = format!("{}A", &token[..token.len() - 1]);
    let other = format!("{}B", &token[..token.len() - 1]);
    assert!(
        [forged, other].iter().any(|text| jsonwebtoken::decode::<Value>(text, &key, &validation).is_err())
    );
}
