//! `GET /api/v1/admin/stats`

use std::time::Duration;

use serde_json::{Value, json};

use crate::jobs::{job, register};
use crate::support::{ROOT, TestApp};
use crate::world::VIC;

async fn stats(app: &TestApp) -> Value {
    app.operator("GET", "/api/v1/admin/stats").send().await.expect(200).body
}

// proves ACC-12
#[tokio::test]
async fn the_installation_is_told_in_figures_that_were_counted() {
    let app = TestApp::start().await;
    let none =
        json!({ "lag_seconds": null, "pending": 0, "running": 0, "done": 0, "dead": 0, "cancelled": 0 });
    let users =
        json!({ "pending": 0, "active": 3, "expired": 0, "deactivated": 0, "disabled": 0, "deleting": 0 });
    assert_eq!(
        stats(&app).await,
        json!({
            "users": users, "approvals_due": 0, "organizations": { "pro": 1, "starter": 1 }, "queue": none,
            "purges": 0, "decisions_per_minute": null,
        })
    );
    // It is 12:00.
    for (number, status, due) in [
        (1, "pending", "2026-11-21T11:59:00Z"),
        (2, "pending", "2026-11-22T00:00:00Z"),
        (3, "pending", "2026-11-22T00:00:01Z"),
        (4, "expired", "2026-11-21T13:00:00Z"),
        (5, "deleting", "2026-11-21T13:00:00Z"),
    ] {
        app.query(&format!(
            "insert into users (id, email, name, status, approval_due_at, created_at)
             values (gen_random_uuid(), 'u{number}@example.com', 'u', '{status}', '{due}', now())"
        ));
    }
    register(&app, "greet");
    register(&app, "nod");
    app.query("update job_kinds set paused_at = now() where kind = 'nod'");
    job("pending").with("run_at", "now() - interval '100 s'").insert(&app);
    job("pending").with("run_at", "now() + interval '1 h'").insert(&app);
    job("pending").kind("nod").with("run_at", "now() - interval '5000 s'").insert(&app);
    for state in ["running", "done", "dead", "cancelled"] {
        job(state).insert(&app);
    }
    let told = stats(&app).await;
    let users =
        json!({ "pending": 3, "active": 3, "expired": 1, "deactivated": 0, "disabled": 0, "deleting": 1 });
    assert_eq!((&told["users"], &told["approvals_due"]), (&users, &json!(2)));
    let lag = told["queue"]["lag_seconds"].as_f64().unwrap();
    assert!((100.0..1_000.0).contains(&lag), "{lag}: what is paused does not lag");
    for (state, count) in [("pending", 3), ("running", 1), ("done", 1), ("dead", 1), ("cancelled", 1)] {
        assert_eq!(told["queue"][state], count, "{state}");
    }
}

// proves ACC-12
#[tokio::test]
async fn decisions_per_minute_are_those_of_the_last_full_minute() {
    let app = TestApp::setup().setting("DOORWARD_DECISION_LOG", "postgres").start().await;
    assert_eq!(stats(&app).await["decisions_per_minute"], 0);
    for (second, count) in [(30, 2), (60, 3), (60, 1)] {
        app.clock.advance(Duration::from_secs(second));
        for _ in 0..count {
            app.ask(VIC, "resource.read", ("Resource", "plan")).await;
        }
    }
    // At 12:00:30 two, at 12:01:30 three, at 12:02:30 one.
    app.write_log().await;
    assert_eq!(stats(&app).await["decisions_per_minute"], 3);
    app.clock.advance(Duration::from_secs(34));
    assert_eq!(stats(&app).await["decisions_per_minute"], 3, "12:02 is over, and may not be written yet");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(stats(&app).await["decisions_per_minute"], 1);
}

// proves ACC-12, API-2
#[tokio::test]
async fn no_key_sees_the_figures() {
    let app = TestApp::start().await;
    app.get("/api/v1/admin/stats").by(ROOT).send().await.problem(403, "forbidden");
    app.get("/api/v1/admin/stats").send().await.problem(401, "unauthenticated");
}
