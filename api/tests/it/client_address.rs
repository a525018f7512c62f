//! Where a request comes from, as the audit log tells.

use serde_json::json;

use crate::support::{ROOT, Setup, TestApp};

/// The address in the audit log after a change with these lines of `X-Forwarded-For`.
async fn recorded(setup: Setup, lines: &[&str]) -> String {
    let app = setup.empty().start().await;
    let body = json!({ "name": "new", "scopes": ["authorize"] });
    let call = app.post("/api/v1/keys").by(ROOT).json(&body);
    let call = lines.iter().fold(call, |call, line| call.header("x-forwarded-for", line));
    call.header("x-real-ip", "192.0.2.1").header("forwarded", "for=192.0.2.2").send().await.expect(201);
    app.query("select details::json ->> 'ip' from audit_details order by seq desc limit 1")
}

// proves AUT-7: ASVS 15.3.4, 4.1.3
#[tokio::test]
async fn a_client_cannot_say_where_it_is() {
    assert_eq!(recorded(TestApp::setup(), &["198.51.100.1"]).await, "127.0.0.1");
}

// proves AUT-7: ASVS 15.3.4
#[tokio::test]
async fn a_trusted_proxy_can_and_only_for_whom_it_has_seen() {
    let setup = TestApp::setup().setting("DOORWARD_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
    assert_eq!(recorded(setup, &["192.0.2.66", "198.51.100.1, 10.0.0.2"]).await, "198.51.100.1");
}
