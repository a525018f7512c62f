//! `/api/v1/admin/queue` and `/api/v1/admin/mail/test`

use std::time::Duration;

use serde_json::{Value, json};
use tenancy::queue::{self as store, Wake};

use crate::jobs::{STATES, job, register, state};
use crate::support::{ROOT, Reply, TestApp, text};
use crate::world::{ACME, GLOBEX, NOTHING, OPEN, VIC};

const QUEUE: &str = "/api/v1/admin/queue";
const MAIL: &str = "/api/v1/admin/mail/test";

async fn of_kind(app: &TestApp, kind: &str, what: &str) -> Reply {
    app.post(&format!("{QUEUE}/kinds/{kind}/{what}")).by(ROOT).send().await
}

async fn figures(app: &TestApp) -> Value {
    app.get(QUEUE).by(ROOT).send().await.expect(200).body
}

fn wake(id: &str) -> Wake {
    Wake { job: id.parse::<uuid::Uuid>().unwrap().into(), epoch: 1 }
}

// proves JOB-4
#[tokio::test]
async fn figures_tell_how_it_goes_with_each_kind_and_each_queue() {
    let app = TestApp::start().await;
    for kind in ["greet", "wave", "nod"] {
        register(&app, kind);
    }
    app.query("update job_kinds set queue = 'gestures', paused_at = now() where kind = 'nod'");
    let ago = |time: &str| format!("now() - interval '{time}'");
    job("pending").with("run_at", &ago("100 s")).insert(&app);
    job("pending").with("run_at", &ago("10 s")).insert(&app);
    job("pending").with("run_at", &ago("-1 h")).insert(&app);
    job("running").insert(&app);
    job("done").insert(&app);
    let earlier = job("done").insert(&app);
    app.query(&format!("update jobs set finished_at = {} where id = '{earlier}'", ago("30 min")));
    let dead = job("dead").kind("wave").insert(&app);
    for at in ["1 min", "2 h"] {
        app.query(&format!(
            "insert into job_failures (job_id, attempt, at, error) values ('{dead}', 1, {}, 'no')",
            ago(at)
        ));
    }
    job("pending").kind("wave").with("run_at", &ago("1000 s")).insert(&app);
    job("pending").kind("nod").with("run_at", &ago("5000 s")).insert(&app);
    job("cancelled").kind("strange").insert(&app);

    let told = figures(&app).await;
    let kinds: Vec<String> =
        told["kinds"].as_array().unwrap().iter().map(|kind| text(&kind["kind"])).collect();
    assert_eq!(kinds, ["greet", "nod", "strange", "wave"]);
    let counts = |stats: &Value| {
        [
            "pending",
            "running",
            "done",
            "dead",
            "cancelled",
            "done_last_minute",
            "done_last_hour",
            "failures_last_hour",
        ]
        .map(|name| stats[name].as_i64().unwrap())
    };
    let lag = |stats: &Value| stats["lag_seconds"].as_f64().map(|lag| (lag / 100.0).floor());
    let [greet, nod, strange, wave] = [0, 1, 2, 3].map(|index| &told["kinds"][index]);
    assert_eq!(counts(greet), [3, 1, 2, 0, 0, 1, 2, 0]);
    assert_eq!(counts(wave), [1, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(counts(nod), [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(counts(strange), [0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!((lag(greet), lag(wave)), (Some(1.0), Some(10.0)), "the oldest that is due");
    assert_eq!((lag(nod), lag(strange)), (None, None), "what is paused does not lag");
    assert!(!nod["paused_at"].is_null() && greet["paused_at"].is_null());
    assert_eq!(
        greet["registered"],
        json!({ "queue": "mail", "attempts": 3, "timeout_seconds": 60, "lifetime_seconds": 3600, "every_seconds": null })
    );
    assert_eq!(strange["registered"], Value::Null);
    let queues = &told["queues"];
    assert_eq!(
        (&queues[0]["queue"], &queues[1]["queue"], &queues[2]),
        (&json!("gestures"), &json!("mail"), &Value::Null)
    );
    assert_eq!(counts(&queues[1]), [4, 1, 2, 1, 0, 1, 2, 1]);
    assert_eq!((lag(&queues[0]), lag(&queues[1])), (None, Some(10.0)));
}

// proves JOB-4
#[tokio::test]
async fn all_jobs_are_listed_with_what_they_carry_and_narrowed_by_whose_they_are() {
    let app = TestApp::start().await;
    let made = [
        job("pending").insert(&app),
        job("dead").org(ACME).insert(&app),
        job("dead").org(ACME).workspace(OPEN).user(VIC).kind("wave").insert(&app),
        job("done").org(GLOBEX).user(VIC).insert(&app),
    ];
    for (query, expected) in [
        (String::new(), vec![3, 2, 1, 0]),
        (format!("org_id={ACME}"), vec![2, 1]),
        (format!("workspace_id={OPEN}"), vec![2]),
        (format!("user_id={VIC}"), vec![3, 2]),
        (format!("user_id={VIC}&state=dead"), vec![2]),
        ("kind=greet&state=dead".to_owned(), vec![1]),
    ] {
        let page = app.get(&format!("{QUEUE}/jobs?{query}")).by(ROOT).send().await.expect(200).body;
        let told: Vec<&Value> = page["jobs"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
        let expected: Vec<&str> = expected.into_iter().map(|index: usize| made[index].as_str()).collect();
        assert_eq!(told, expected, "{query}");
        assert_eq!(page["total"], expected.len());
    }
    app.query(&format!(
        "insert into job_failures (job_id, attempt, worker, error) values ('{}', 1, 'worker-7', 'no')",
        made[2]
    ));
    let told = app.get(&format!("{QUEUE}/jobs/{}", made[2])).by(ROOT).send().await.expect(200).body;
    for (member, expected) in [
        ("payload", json!({ "told": "to nobody" })),
        ("worker", json!("worker-1")),
        ("org_id", json!(ACME)),
        ("workspace_id", json!(OPEN)),
        ("user_id", json!(VIC)),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    assert_eq!(told["failures"][0]["worker"], "worker-7");
    app.get(&format!("{QUEUE}/jobs/{NOTHING}")).by(ROOT).send().await.problem(404, "not_found");
    app.get(&format!("{QUEUE}/jobs?kind=")).by(ROOT).send().await.problem(422, "invalid").field("kind");
}

// proves JOB-4
#[tokio::test]
async fn anybodys_job_is_cancelled_retried_and_removed() {
    let app = TestApp::start().await;
    let act =
        async |id: &str, what: &str| app.operator("POST", &format!("{QUEUE}/jobs/{id}/{what}")).send().await;
    let (running, dead) = (job("running").org(ACME).insert(&app), job("dead").user(VIC).insert(&app));
    assert_eq!(act(&running, "cancel").await.expect(200).body["lease_until"], Value::Null);
    act(&running, "cancel").await.problem(409, "job_finished");
    act(&running, "retry").await.problem(409, "job_not_dead");
    assert_eq!(act(&dead, "retry").await.expect(200).body["state"], "pending");
    act(NOTHING, "cancel").await.problem(404, "not_found");
    act(NOTHING, "retry").await.problem(404, "not_found");
    assert_eq!((state(&app, &running), state(&app, &dead)), ("cancelled".into(), "pending".into()));

    for state in STATES {
        job(state).org(GLOBEX).kind("wave").insert(&app);
    }
    let remove = async |query: &str| {
        app.delete(&format!("{QUEUE}/jobs?{query}")).by(ROOT).send().await.expect(200).body["removed"].clone()
    };
    assert_eq!(remove("kind=wave&state=dead").await, 1);
    assert_eq!(remove("kind=wave").await, 2);
    assert_eq!(remove("kind=wave").await, 0);
    assert_eq!(
        app.query("select string_agg(kind || ' ' || state, ', ' order by id) from jobs"),
        "greet cancelled, greet pending, wave pending, wave running"
    );
    app.delete(&format!("{QUEUE}/jobs?state=running"))
        .by(ROOT)
        .send()
        .await
        .problem(422, "invalid")
        .field("state");
    app.delete(&format!("{QUEUE}/jobs?kind=%00")).by(ROOT).send().await.problem(422, "invalid").field("kind");
}

// proves JOB-4, JOB-2
#[tokio::test]
async fn the_dead_of_a_kind_are_retried_in_one_go_and_equal_ones_once() {
    let app = TestApp::start().await;
    let plain = [job("dead").insert(&app), job("dead").org(ACME).insert(&app)];
    let equal = [job("dead").unique("twin").insert(&app), job("dead").unique("twin").insert(&app)];
    let late = job("dead").unique("waits").insert(&app);
    job("pending").unique("waits").insert(&app);
    let other = job("dead").kind("wave").insert(&app);
    assert_eq!(
        of_kind(&app, "greet", "retry").await.expect(200).body,
        json!({ "retried": 3, "remaining": 2 })
    );
    assert_eq!(plain.map(|id| state(&app, &id)), ["pending", "pending"]);
    assert_eq!(equal.map(|id| state(&app, &id)), ["pending", "dead"]);
    assert_eq!((state(&app, &late), state(&app, &other)), ("dead".into(), "dead".into()));
    assert_eq!(
        of_kind(&app, "greet", "retry").await.expect(200).body,
        json!({ "retried": 0, "remaining": 2 })
    );
    assert_eq!(app.query("select count(*) from audit where action = 'platform.manage_queue'"), "1");
    of_kind(&app, "nonsense", "retry").await.problem(404, "not_found");
    of_kind(&app, "%00", "retry").await.problem(404, "not_found");
}

// proves JOB-4
#[tokio::test]
async fn a_paused_kind_does_not_begin_and_a_resumed_one_is_handed_over_at_once() {
    let app = TestApp::start().await;
    register(&app, "greet");
    let (id, lease) = (job("pending").insert(&app), Duration::from_secs(60));
    assert_eq!(store::hand_over(&app.db, "greet", 9, lease).await.unwrap().len(), 1);
    let paused = of_kind(&app, "greet", "pause").await.expect(200).body;
    assert!(!paused["paused_at"].is_null());
    assert_eq!(of_kind(&app, "greet", "pause").await.expect(200).body, paused, "not paused anew");
    assert!(store::claim(&app.db, wake(&id), &["greet"], "worker-1", lease).await.unwrap().is_none());
    assert_eq!(figures(&app).await["kinds"][0]["paused_at"], paused["paused_at"]);

    let resumed = json!({ "kind": "greet", "paused_at": null });
    assert_eq!(of_kind(&app, "greet", "resume").await.expect(200).body, resumed);
    assert_eq!(of_kind(&app, "greet", "resume").await.expect(200).body, resumed);
    assert_eq!(store::hand_over(&app.db, "greet", 9, lease).await.unwrap().len(), 1);
    assert!(store::claim(&app.db, wake(&id), &["greet"], "worker-1", lease).await.unwrap().is_some());
    assert_eq!(
        app.query("select count(*), min(target_type || ' ' || target_id) from audit where action = 'platform.manage_queue'"),
        "2|JobKind greet",
        "what changed nothing is not recorded"
    );
    for kind in ["nonsense", "%00"] {
        for what in ["pause", "resume"] {
            of_kind(&app, kind, what).await.problem(404, "not_found");
        }
    }
}

// proves JOB-4, JOB-2
#[tokio::test]
async fn a_pause_takes_nothing_of_the_lifetime_of_those_that_wait() {
    let app = TestApp::start().await;
    register(&app, "greet");
    let since =
        |ago: &str| job("pending").with("due_since", &format!("now() - interval '{ago}'")).insert(&app);
    let (before, meanwhile) = (since("170 min"), since("90 min"));
    app.query("update job_kinds set paused_at = now() - interval '2 h'");
    of_kind(&app, "greet", "resume").await.expect(200);
    let rescued = store::rescue(&app.db, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(
        (rescued.outlived, state(&app, &before), state(&app, &meanwhile)),
        (0, "pending".into(), "pending".into())
    );
    assert_eq!(
        app.query("select round(extract(epoch from now() - due_since) / 600) from jobs order by id"),
        "5\n0",
        "50 of its 60 minutes had passed before the pause, and none of the other's"
    );
}

// proves JOB-4, JOB-5
#[tokio::test]
async fn schedules_tell_their_last_run() {
    let app = TestApp::start().await;
    for kind in ["greet", "sweep", "trim"] {
        register(&app, kind);
    }
    app.query("update job_kinds set every_seconds = 300 where kind in ('sweep', 'trim')");
    let run = job("dead").kind("sweep").insert(&app);
    app.query(&format!(
        "insert into job_slots values ('sweep', '2026-11-21T11:55:00Z', '{run}'), ('sweep', '2026-11-21T11:50:00Z', null)"
    ));
    let told = app.get(&format!("{QUEUE}/schedules")).by(ROOT).send().await.expect(200).body;
    assert_eq!(
        told["schedules"],
        json!([
            { "kind": "sweep", "every_seconds": 300, "paused_at": null, "last_slot": "2026-11-21T11:55:00Z",
              "last_job_id": run, "last_job_state": "dead" },
            { "kind": "trim", "every_seconds": 300, "paused_at": null, "last_slot": null,
              "last_job_id": null, "last_job_state": null },
        ])
    );
}

// proves JOB-4, KEY-1
#[tokio::test]
async fn the_queue_of_all_is_the_platforms() {
    let app = TestApp::start().await;
    register(&app, "greet");
    let id = job("dead").org(ACME).insert(&app);
    let organizations = app.org_key(ACME).await;
    let (_, reader) = app.key(None, &["jobs:read"]).await;
    let (_, writer) = app.key(None, &["jobs:write"]).await;
    let mail = json!({ "template": "welcome", "locale": "en", "to": "ops@example.com" });
    let before = app.contents();
    let reads = [
        QUEUE.to_owned(),
        format!("{QUEUE}/schedules"),
        format!("{QUEUE}/jobs"),
        format!("{QUEUE}/jobs/{id}"),
    ];
    for path in &reads {
        app.get(path).by(&organizations).send().await.problem(403, "forbidden");
        app.get(path).by(&writer).send().await.problem(403, "forbidden");
        app.get(path).by(&reader).send().await.expect(200);
    }
    let changes = [
        ("POST", format!("{QUEUE}/jobs/{id}/cancel"), 409),
        ("POST", format!("{QUEUE}/kinds/greet/pause"), 200),
        ("POST", format!("{QUEUE}/kinds/greet/resume"), 200),
        ("POST", format!("{QUEUE}/kinds/greet/retry"), 200),
        ("POST", format!("{QUEUE}/jobs/{id}/retry"), 409),
        ("DELETE", format!("{QUEUE}/jobs"), 200),
        ("POST", MAIL.to_owned(), 202),
    ];
    for (method, path, _) in &changes {
        for token in [&organizations, &reader] {
            app.call(method, path).by(token).json(&mail).send().await.problem(403, "forbidden");
        }
    }
    assert_eq!(app.contents(), before);
    for (method, path, expected) in &changes {
        app.call(method, path).by(&writer).json(&mail).send().await.expect(*expected);
    }
}

// proves MAIL-2, JOB-1
#[tokio::test]
async fn a_test_mail_is_a_job() {
    let app = TestApp::start().await;
    let mail = json!({ "template": "password_reset", "locale": "fr", "to": "ops@example.com" });
    let told = app.post(MAIL).by(ROOT).json(&mail).send().await.expect(202).body;
    let job =
        app.get(&format!("{QUEUE}/jobs/{}", text(&told["job_id"]))).by(ROOT).send().await.expect(200).body;
    assert_eq!((&job["kind"], &job["state"]), (&json!("mail.send"), &json!("pending")));
    let mut payload = mail.clone();
    payload["mail"] = json!("sample");
    assert_eq!(job["payload"], payload);
    assert_eq!(app.query("select count(*) from audit where action = 'platform.send_test_mail'"), "1");

    let before = app.contents();
    for (member, wrong, field) in [
        ("to", "nobody", "to"),
        ("to", "two words@example.com", "to"),
        ("template", "love_letter", "template"),
        ("locale", "tlh", "locale"),
        ("bcc", "spy@example.com", "bcc"),
    ] {
        let mut mail = mail.clone();
        mail[member] = json!(wrong);
        app.post(MAIL).by(ROOT).json(&mail).send().await.problem(422, "invalid").field(field);
    }
    assert_eq!(app.contents(), before);
}
