//! `/api/v1/queue/jobs`

use std::collections::BTreeSet;
use std::time::Duration;

use authz::Live;
use runtime::{Clock, Random};
use serde_json::{Value, json};
use tenancy::Db;
use tenancy::queue::{self as store, Fence, Wake};

use crate::jobs::{STATES, job, register, state};
use crate::support::{ROOT, Reply, TestApp, shipped, text, until};
use crate::world::{ACME, FAR, GLOBEX, HOME, NOTHING, OPEN, VAULT, VIC};

const JOBS: &str = "/api/v1/queue/jobs";

fn at(id: &str) -> String {
    format!("{JOBS}/{id}")
}

fn ids(page: &Value) -> Vec<String> {
    page["jobs"].as_array().unwrap().iter().map(|job| text(&job["id"])).collect()
}

async fn listed(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    ids(&app.get(&format!("{JOBS}?{query}")).by(token).send().await.expect(200).body)
}

async fn act(app: &TestApp, token: &str, id: &str, what: &str) -> Reply {
    app.post(&format!("{}/{what}", at(id))).by(token).send().await
}

// proves JOB-4
#[tokio::test]
async fn everybody_finds_the_jobs_that_are_theirs_and_no_others() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.org_key(ACME).await, app.org_key(GLOBEX).await);
    let nobodys = job("pending").insert(&app);
    let ours = job("done").org(ACME).insert(&app);
    let open = job("dead").org(ACME).workspace(OPEN).user(VIC).insert(&app);
    let vault = job("running").workspace(VAULT).insert(&app);
    let vics = job("pending").user(VIC).insert(&app);
    let theirs = job("cancelled").org(GLOBEX).user(VIC).insert(&app);
    for (token, query, expected) in [
        (acme.as_str(), String::new(), vec![&ours]),
        (&acme, format!("org_id={ACME}"), vec![&ours]),
        (&acme, format!("workspace_id={OPEN}"), vec![&open]),
        (&acme, format!("workspace_id={VAULT}"), vec![&vault]),
        (&globex, String::new(), vec![&theirs]),
        (&globex, format!("workspace_id={FAR}"), vec![]),
        (ROOT, String::new(), vec![&nobodys]),
        (ROOT, format!("org_id={ACME}"), vec![&ours]),
        (ROOT, format!("workspace_id={OPEN}"), vec![&open]),
    ] {
        assert_eq!(listed(&app, token, &query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let operators = app.operator("GET", JOBS).send().await.expect(200).body;
    assert_eq!(ids(&operators), [nobodys]);
    for (token, id, status) in [
        (acme.as_str(), &ours, 200),
        (&acme, &open, 200),
        (&acme, &vault, 200),
        (&acme, &vics, 404),
        (&acme, &theirs, 404),
        (&globex, &theirs, 200),
        (&globex, &open, 404),
        (ROOT, &vics, 200),
        (ROOT, &theirs, 200),
    ] {
        assert_eq!(app.get(&at(id)).by(token).send().await.status, status, "{id}");
    }
}

// proves JOB-4, API-2
#[tokio::test]
async fn a_foreign_workspace_is_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    job("done").workspace(FAR).insert(&app);
    job("done").workspace(HOME).insert(&app);
    job("done").org(GLOBEX).insert(&app);
    let before = app.contents();
    for method in ["GET", "DELETE"] {
        for foreign in [FAR, HOME, NOTHING] {
            let reply = app.call(method, &format!("{JOBS}?workspace_id={foreign}")).by(&acme).send().await;
            assert_eq!(reply.problem(404, "not_found").body["detail"], "there is no such workspace");
        }
        for foreign in [GLOBEX, NOTHING] {
            let reply = app.call(method, &format!("{JOBS}?org_id={foreign}")).by(&acme).send().await;
            assert_eq!(reply.problem(404, "not_found").body["detail"], "there is no such organization");
        }
    }
    assert_eq!(app.contents(), before);
}

// proves JOB-4, API-2
#[tokio::test]
async fn another_tenants_job_is_404_whatever_its_state() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    let foreign: Vec<String> = STATES
        .iter()
        .flat_map(|state| {
            [
                job(state).org(GLOBEX),
                job(state).workspace(FAR),
                job(state).workspace(HOME).org(ACME),
                job(state).user(VIC),
                job(state),
            ]
        })
        .map(|seed| seed.insert(&app))
        .collect();
    let before = app.contents();
    let unknown = [
        app.get(&at(NOTHING)).by(&acme).send().await,
        act(&app, &acme, NOTHING, "cancel").await,
        act(&app, &acme, NOTHING, "retry").await,
    ];
    for id in foreign {
        let told = [
            app.get(&at(&id)).by(&acme).send().await,
            act(&app, &acme, &id, "cancel").await,
            act(&app, &acme, &id, "retry").await,
        ];
        for (told, unknown) in told.iter().zip(&unknown) {
            assert_eq!((told.status, &told.body), (404, &unknown.body), "{id}");
            assert_eq!(told.headers.len(), unknown.headers.len(), "{id}");
        }
    }
    assert_eq!(app.contents(), before);
}

// proves JOB-4, KEY-1
#[tokio::test]
async fn a_key_without_the_scope_to_change_is_403_and_one_that_may_not_look_is_404() {
    let app = TestApp::start().await;
    let (_, reader) = app.key(Some(ACME), &["jobs:read"]).await;
    let (_, writer) = app.key(Some(ACME), &["jobs:write"]).await;
    let (_, bare) = app.key(Some(ACME), &["authorize"]).await;
    let id = job("pending").org(ACME).insert(&app);
    act(&app, &reader, &id, "cancel").await.problem(403, "forbidden");
    act(&app, &reader, &id, "retry").await.problem(403, "forbidden");
    app.delete(JOBS).by(&reader).send().await.problem(403, "forbidden");
    app.get(&at(&id)).by(&bare).send().await.problem(404, "not_found");
    act(&app, &bare, &id, "cancel").await.problem(404, "not_found");
    app.get(JOBS).by(&bare).send().await.problem(403, "forbidden");
    app.get(&at(&id)).by(&writer).send().await.problem(404, "not_found");
    assert_eq!(state(&app, &id), "pending");
    act(&app, &writer, &id, "cancel").await.expect(200);
    assert_eq!(state(&app, &id), "cancelled");
}

// proves JOB-4
#[tokio::test]
async fn a_job_tells_how_it_went_and_not_what_it_carries() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    register(&app, "greet");
    let id = job("dead").org(ACME).with("last_error", "'no route to host'").insert(&app);
    app.query(&format!(
        "insert into job_failures (job_id, attempt, at, worker, error) values
         ('{id}', 2, '2026-11-21T10:02:00Z', 'worker-2', 'no route to host'),
         ('{id}', 1, '2026-11-21T10:00:00Z', 'worker-1', 'timeout')"
    ));
    let told = app.get(&at(&id)).by(&acme).send().await.expect(200).body;
    let names: BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "attempt",
        "created_at",
        "deadline",
        "failures",
        "finished_at",
        "id",
        "kind",
        "last_error",
        "max_attempts",
        "priority",
        "run_at",
        "started_at",
        "state",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!((&told["attempt"], &told["max_attempts"]), (&json!(3), &json!(3)));
    assert_eq!(told["last_error"], "no route to host");
    assert_eq!(
        told["failures"],
        json!([
            { "attempt": 1, "at": "2026-11-21T10:00:00Z", "error": "timeout" },
            { "attempt": 2, "at": "2026-11-21T10:02:00Z", "error": "no route to host" },
        ])
    );
    let lived =
        app.query(&format!("select due_since + interval '1 hour' = '{}' from jobs", text(&told["deadline"])));
    assert_eq!(lived, "t");
    let narrow = app.get(&format!("{}?fields=id,state", at(&id))).by(&acme).send().await.expect(200).body;
    assert_eq!(narrow, json!({ "id": id, "state": "dead" }));

    let strange = job("pending").kind("strange").org(ACME).insert(&app);
    let told = app.get(&at(&strange)).by(&acme).send().await.expect(200).body;
    assert_eq!((&told["max_attempts"], &told["deadline"]), (&Value::Null, &Value::Null));
}

// proves JOB-4, API-3
#[tokio::test]
async fn a_list_is_narrowed_by_filters_and_comes_in_pages() {
    let app = TestApp::start().await;
    let mut made = vec![];
    for (state, kind) in [("done", "greet"), ("dead", "greet"), ("dead", "wave"), ("pending", "wave")] {
        let created = format!("'2026-11-21T10:0{}:00Z'", made.len());
        made.push(job(state).kind(kind).org(ACME).with("created_at", &created).insert(&app));
    }
    job("dead").org(GLOBEX).insert(&app);
    let acme = app.org_key(ACME).await;
    for (query, expected) in [
        ("", vec![3, 2, 1, 0]),
        ("state=dead", vec![2, 1]),
        ("kind=wave", vec![3, 2]),
        ("state=dead&kind=greet", vec![1]),
        ("from=2026-11-21T10:01:00Z", vec![3, 2, 1]),
        ("to=2026-11-21T10:01:00Z", vec![0]),
        ("state=running", vec![]),
        ("limit=3", vec![3, 2, 1]),
        ("limit=3&page=2", vec![0]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(|index: usize| made[index].clone()).collect();
        assert_eq!(listed(&app, &acme, query).await, expected, "{query}");
    }
    let page = app.get(&format!("{JOBS}?limit=3&fields=id")).by(&acme).send().await.expect(200).body;
    assert_eq!(page["jobs"][0], json!({ "id": made[3] }));
    for (member, expected) in
        [("total", json!(4)), ("total_pages", json!(2)), ("has_next", json!(true)), ("page_size", json!(3))]
    {
        assert_eq!(page[member], expected, "{member}");
    }
}

// proves JOB-4, API-2
#[tokio::test]
async fn what_cannot_be_asked_of_the_queue_is_422() {
    let app = TestApp::start().await;
    for (method, query, field) in [
        ("GET", "state=asleep", "state"),
        ("GET", "limit=0", "query"),
        ("GET", "limit=101", "query"),
        ("GET", "user_id=x", "user_id"),
        ("GET", "workspace_id=x", "workspace_id"),
        ("GET", "kind=", "kind"),
        ("GET", "kind=%00", "kind"),
        ("GET", "from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "to"),
        ("GET", &format!("workspace_id={OPEN}&org_id={ACME}"), "org_id"),
        ("DELETE", &format!("workspace_id={OPEN}&org_id={ACME}"), "org_id"),
        ("DELETE", "state=pending", "state"),
        ("DELETE", "state=running", "state"),
        ("DELETE", "kind=greet", "kind"),
    ] {
        let reply = app.call(method, &format!("{JOBS}?{query}")).by(ROOT).send().await;
        reply.problem(422, "invalid").field(field);
    }
    app.get(&at("nonsense")).by(ROOT).send().await.problem(422, "invalid");
}

// proves JOB-4
#[tokio::test]
async fn what_is_cancelled_while_it_runs_is_not_committed() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    let id = job("pending").org(ACME).insert(&app);
    let wake = Wake { job: id.parse::<uuid::Uuid>().unwrap().into(), epoch: 1 };
    let lease = Duration::from_secs(60);
    let claim = store::claim(&app.db, wake, &["greet"], "worker-1", lease).await.unwrap().unwrap();

    let told = act(&app, &acme, &id, "cancel").await.expect(200);
    assert!(told.header("doorward-revision").is_some());
    assert_eq!(told.body["state"], "cancelled");
    assert!(!told.body["finished_at"].is_null());
    let mut tx = app.db.begin(tenancy::Request::default()).await.unwrap();
    assert_eq!(tx.finish(&claim).await.unwrap(), Fence::Lost);
    drop(tx);
    assert_eq!(store::extend(&app.db, &claim, lease).await.unwrap(), Fence::Lost);
    assert_eq!(state(&app, &id), "cancelled");
    assert!(store::claim(&app.db, wake, &["greet"], "worker-2", lease).await.unwrap().is_none());
}

// proves JOB-4
#[tokio::test]
async fn only_what_waits_or_runs_is_cancelled_and_only_what_is_dead_is_retried() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    for before in STATES {
        let id = job(before).org(ACME).insert(&app);
        let told = act(&app, &acme, &id, "cancel").await;
        if matches!(before, "pending" | "running") {
            assert_eq!(told.expect(200).body["state"], "cancelled");
        } else {
            told.problem(409, "job_finished");
            assert_eq!(state(&app, &id), before);
        }
        let id = job(before).org(ACME).insert(&app);
        let told = act(&app, &acme, &id, "retry").await;
        if before == "dead" {
            assert_eq!(told.expect(200).body["state"], "pending");
        } else {
            told.problem(409, "job_not_dead");
            assert_eq!(state(&app, &id), before);
        }
    }
}

// proves JOB-4
#[tokio::test]
async fn a_retried_job_begins_anew_and_is_handed_over() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    register(&app, "greet");
    let long_ago = "now() - interval '1 day'";
    let id = job("dead")
        .org(ACME)
        .with("due_since", long_ago)
        .with("run_at", long_ago)
        .with("relayed_at", "now()");
    let id = id.with("last_error", "'timeout'").insert(&app);
    app.query(&format!("insert into job_failures (job_id, attempt, error) values ('{id}', 3, 'timeout')"));
    let told = act(&app, &acme, &id, "retry").await.expect(200).body;
    assert_eq!((&told["attempt"], &told["finished_at"]), (&json!(0), &Value::Null));
    assert_eq!(app.query("select due_since = run_at and run_at > now() - interval '1 hour' from jobs"), "t");
    let handed = store::hand_over(&app.db, "greet", 10, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(handed.iter().map(|wake| wake.job.to_string()).collect::<Vec<_>>().join(" "), id);
    let kept = app.get(&at(&id)).by(&acme).send().await.expect(200).body;
    assert_eq!(kept["failures"][0]["error"], "timeout", "what went wrong before is not forgotten");
}

// proves JOB-4, JOB-1
#[tokio::test]
async fn a_retried_job_wakes_the_relays_of_other_processes() {
    let app = TestApp::start().await;
    let id = job("dead").insert(&app);
    let live = Live::open(&shipped(), tenancy::ACTIONS, Clock::system()).unwrap();
    let url = app.database.url.clone().into();
    let other = Db::connect(&url, 10, live, Clock::system(), Random::system()).await.unwrap();
    let listening = || {
        app.query("select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'")
            .parse::<u32>()
            .unwrap()
    };
    let before = listening();
    let woken = tokio::spawn(async move { other.jobs_due().await });
    until("the other process listens", async || listening() > before).await;
    assert!(!woken.is_finished());
    act(&app, ROOT, &id, "retry").await.expect(200);
    until("it is woken", async || woken.is_finished()).await;
}

// proves JOB-2, JOB-4
#[tokio::test]
async fn a_job_to_which_an_equal_one_waits_is_not_retried() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    let dead = job("dead").org(ACME).unique("mine").insert(&app);
    let waits = job("pending").org(ACME).unique("mine").insert(&app);
    act(&app, &acme, &dead, "retry").await.problem(409, "duplicate_job");
    assert_eq!(state(&app, &dead), "dead");
    act(&app, &acme, &waits, "cancel").await.expect(200);
    act(&app, &acme, &dead, "retry").await.expect(200);
}

// proves JOB-4
#[tokio::test]
async fn of_two_who_retry_a_job_at_once_one_is_told_that_it_is_not_dead() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    for _ in 0..10 {
        let id = job("dead").org(ACME).insert(&app);
        let (one, other) = tokio::join!(act(&app, &acme, &id, "retry"), act(&app, &acme, &id, "retry"));
        let mut told = [one.status, other.status];
        told.sort_unstable();
        assert_eq!(told, [200, 409]);
        let lost = if one.status == 409 { one } else { other };
        lost.problem(409, "job_not_dead");
        assert_eq!(state(&app, &id), "pending");
    }
    assert_eq!(app.query("select count(*) from audit where action = 'job.retry'"), "10");
}

// proves JOB-2, JOB-4
#[tokio::test]
async fn of_two_equal_jobs_that_are_retried_at_once_one_waits() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    for round in 0..10 {
        let seed = job("dead").org(ACME).unique(&round.to_string());
        let (first, second) = (seed.clone().insert(&app), seed.insert(&app));
        let (one, other) =
            tokio::join!(act(&app, &acme, &first, "retry"), act(&app, &acme, &second, "retry"));
        let (won, lost, left) = if one.status == 200 { (one, other, second) } else { (other, one, first) };
        won.expect(200);
        lost.problem(409, "duplicate_job");
        assert_eq!(state(&app, &left), "dead");
    }
}

// proves JOB-4
#[tokio::test]
async fn a_cancel_and_a_retry_at_once_come_one_after_the_other() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    for _ in 0..10 {
        let id = job("dead").org(ACME).insert(&app);
        let (cancel, retry) = tokio::join!(act(&app, &acme, &id, "cancel"), act(&app, &acme, &id, "retry"));
        retry.expect(200);
        if cancel.status == 200 {
            assert_eq!(state(&app, &id), "cancelled", "it was retried, and then cancelled");
        } else {
            cancel.problem(409, "job_finished");
            assert_eq!(state(&app, &id), "pending", "it was dead still, and then retried");
        }
    }
}

// proves JOB-4
#[tokio::test]
async fn a_purge_takes_ones_own_finished_jobs_and_dead_ones_only_when_they_are_named() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    for state in STATES {
        for seed in
            [job(state), job(state).org(ACME), job(state).org(ACME).workspace(OPEN), job(state).org(GLOBEX)]
        {
            seed.insert(&app);
        }
    }
    let of = |owner: &str| {
        app.query(&format!("select string_agg(state, ' ' order by id) from jobs where {owner}"))
    };
    let mine = format!("org_id = '{ACME}' and workspace_id is null");
    let others = format!("not ({mine})");
    let before = of(&others);

    let purge =
        async |query: &str| app.delete(&format!("{JOBS}?{query}")).by(&acme).send().await.expect(200).body;
    assert_eq!(purge("state=done").await, json!({ "removed": 1, "remaining": 0 }));
    assert_eq!(of(&mine), "pending running dead cancelled");
    assert_eq!(purge("").await, json!({ "removed": 1, "remaining": 0 }));
    assert_eq!(of(&mine), "pending running dead");
    assert_eq!(purge("state=dead").await, json!({ "removed": 1, "remaining": 0 }));
    assert_eq!(purge("state=dead").await, json!({ "removed": 0, "remaining": 0 }));
    assert_eq!(of(&mine), "pending running");
    assert_eq!(of(&others), before);
    assert_eq!(purge(&format!("workspace_id={OPEN}")).await["removed"], 2);
    assert_eq!(
        app.query(
            "select count(*), bool_and(chain = (select id from organizations where slug = 'acme')) from audit
                   where action = 'job.remove'"
        ),
        "4|t",
        "one entry for each purge that removed something"
    );
}

// proves JOB-4, AUD-1
#[tokio::test]
async fn who_changed_a_job_stands_in_the_log_of_whose_it_is() {
    let app = TestApp::start().await;
    let acme = app.org_key(ACME).await;
    let ours = job("running").workspace(OPEN).insert(&app);
    let nobodys = job("dead").user(VIC).insert(&app);
    act(&app, &acme, &ours, "cancel").await.expect(200);
    act(&app, ROOT, &nobodys, "retry").await.expect(200);
    let entries = app.query(
        "select a.chain, a.action, a.target_type, a.target_id, (d.details::jsonb) #>> '{before,state}',
                (d.details::jsonb) #>> '{after,state}'
         from audit a join audit_details d using (chain, seq) where a.action like 'job.%' order by a.action",
    );
    let expected = format!(
        "{ACME}|job.cancel|Job|{ours}|running|cancelled\n\
         00000000-0000-0000-0000-000000000000|job.retry|Job|{nobodys}|dead|pending"
    );
    assert_eq!(entries, expected);
    let breaks = app.db.verify_audit(|_| ()).await.unwrap().breaks;
    assert_eq!(breaks, []);
}
