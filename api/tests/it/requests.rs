//! What happens to every request: its id, caching, browsers, and time.

use std::process::{Child, Command, Stdio};

use crate::support::{ROOT, TestApp, until};

// proves API-5
#[tokio::test]
async fn a_request_id_is_given_back_on_errors_too() {
    let app = TestApp::setup().empty().start().await;
    for path in ["/healthz", "/api/v1/keys", "/nothing", "/docs/"] {
        for id in ["req-1", "a", "AZ_09:./~!", &"x".repeat(128)] {
            let reply = app.get(path).header("x-request-id", id).send().await;
            assert_eq!(reply.header("x-request-id"), Some(id), "{path}");
        }
    }
}

// proves API-5
#[tokio::test]
async fn an_id_that_is_missing_or_garbage_is_replaced() {
    let app = TestApp::setup().empty().start().await;
    let mut seen = std::collections::BTreeSet::new();
    let garbage: [&[u8]; 5] = [b"", b"two words", b"tab\there", &[b'x'; 129], b"caf\xc3\xa9"];
    for garbage in std::iter::once(None).chain(garbage.map(Some)) {
        let call = app.get("/healthz");
        let call = if let Some(garbage) = garbage { call.header("x-request-id", garbage) } else { call };
        let reply = call.send().await.expect(200);
        let id = reply.header("x-request-id").unwrap().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?}");
        assert!(seen.insert(id), "an id came twice");
    }
}

// proves API-5
#[tokio::test]
async fn nothing_is_kept_by_caches_or_guessed_by_browsers() {
    let app = TestApp::setup().empty().start().await;
    for path in ["/api/v1/keys", "/api/v1/policies", "/readyz", "/nothing", "/api/v1/openapi.json"] {
        let reply = app.get(path).by(ROOT).send().await;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

// proves API-5
#[tokio::test]
async fn browsers_may_call_from_listed_origins_only() {
    let app = TestApp::setup()
        .empty()
        .setting("DOORWARD_CORS_ORIGINS", "https://app.example.com,http://localhost:3000")
        .start()
        .await;
    let preflight = async |origin: &str| {
        let call = app.call("OPTIONS", "/api/v1/keys").header("origin", origin);
        let call = call.header("access-control-request-method", "POST");
        call.header("access-control-request-headers", "authorization,content-type").send().await
    };
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let reply = preflight(origin).await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(
            reply.header("access-control-allow-headers"),
            Some("authorization,content-type,x-request-id,idempotency-key,if-match,if-none-match")
        );
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(methods.contains("POST") && methods.contains("DELETE"), "{methods}");
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        let reply = app.get("/api/v1/keys").by(ROOT).header("origin", origin).send().await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        let exposed = reply.header("access-control-expose-headers").unwrap();
        for name in ["doorward-revision", "location", "idempotency-replayed", "etag", "retry-after"] {
            assert!(exposed.contains(name), "{exposed}");
        }
        assert!(reply.header("vary").is_some_and(|vary| vary.contains("origin")), "{reply:?}");
        // What went wrong is for the page to read, too.
        let reply = app.get("/nothing").header("origin", origin).send().await.expect(404);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
    }
    for origin in
        ["https://evil.example.com", "null", "https://app.example.com.evil.example", "http://app.example.com"]
    {
        assert_eq!(preflight(origin).await.header("access-control-allow-origin"), None, "{origin}");
        let reply = app.get("/api/v1/keys").by(ROOT).header("origin", origin).send().await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
    }
}

// proves API-5
#[tokio::test]
async fn no_origin_is_listed_until_somebody_lists_one() {
    let app = TestApp::setup().empty().start().await;
    let reply = app.get("/healthz").header("origin", "http://localhost").send().await.expect(200);
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

/// Somebody who holds a lock that requests need; lets go when dropped.
struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// proves API-5
#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_with_504() {
    let app = TestApp::setup().empty().setting("DOORWARD_REQUEST_TIMEOUT", "300ms").start().await;
    app.get("/api/v1/keys").by(ROOT).send().await.expect(200);
    let lock = "begin; lock table api_keys in access exclusive mode; select pg_sleep(120)";
    let mut psql = Command::new("psql");
    psql.args(["-Xqc", lock, "-d", &app.database.url]).stdout(Stdio::null()).stderr(Stdio::null());
    let holder = Holder(psql.spawn().unwrap());
    let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted
                and relation = 'api_keys'::regclass and database = (select oid from pg_database where datname = current_database())";
    until("the lock is held", || async { app.query(held) == "1" }).await;

    let reply = app.get("/api/v1/keys").by(ROOT).send().await.problem(504, "timeout");
    assert!(reply.header("x-request-id").is_some());
    app.get("/healthz").send().await.expect(200);
    drop(holder);
    let release = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'
                   and datname = current_database()";
    app.query(release);
    until("requests are answered again", || async {
        app.get("/api/v1/keys").by(ROOT).send().await.status == 200
    })
    .await;
}
