//! What is done for accounts that nobody asks for.

use runtime::Shutdown;
use tenancy::signing_key::{Rotation, rotate};
use tenancy::{
    Caller, Platform, Request, RotateSigningKey, TrimIdempotencyKeys, TrimSessions, TrimUsage, platform,
    session,
};

use super::support::{ANN, World, password};

// proves ACC-3
#[tokio::test]
async fn the_end_of_a_trial_ends_its_sessions_and_is_told() {
    let world = World::new().await;
    world.somebody(ANN).await;
    let grant = world.sign_in(password()).await.unwrap();
    let tokens = world.db.tokens(grant).await.unwrap();
    let caller = session::authenticate(&world.db, &tokens.access_token).await.unwrap();
    assert!(matches!(caller, Some(Caller::User(_))), "{caller:?}");

    world.sql("update users set approval_due_at = now()").await;
    world.work().await;
    assert_eq!(world.sql("select status from users").await, "expired");
    assert_eq!(world.sql("select revoked_because from sessions").await, "trial_ended");
    assert_eq!(session::authenticate(&world.db, &tokens.access_token).await.unwrap(), None);
    assert_eq!(world.subjects(), ["Your trial has ended"]);
}

const KEYS: &str = "select count(*), count(*) filter (where signs_from > now()) from signing_keys";

// proves AUT-2
#[tokio::test(flavor = "multi_thread")]
async fn an_old_signing_key_gets_one_successor_from_two_workers_and_a_young_one_none() {
    let world = World::new().await;
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let allowed = tx.authorize::<platform::RotateSigningKey>(&Caller::Worker, Platform).await.unwrap();
    rotate(&mut tx, &allowed, Rotation::AtOnce).await.unwrap();
    tx.commit().await.unwrap();
    world.work().await;
    assert_eq!(world.sql(KEYS).await, "1|0");

    world.sql("update signing_keys set signs_from = now() - interval '31 days'").await;
    for _ in 0..10 {
        world.enqueue(&RotateSigningKey {}).await;
    }
    let (one, two, shutdown) = (world.worker().await, world.worker().await, Shutdown::new());
    let (one, two) = tokio::join!(one.drain(&shutdown), two.drain(&shutdown));
    one.unwrap();
    two.unwrap();
    let done = "select count(*) from jobs where kind = 'signing_key.rotate' and state = 'done'";
    assert_eq!(world.sql(done).await, "11");
    assert_eq!(world.sql(KEYS).await, "2|1", "the old one signs until everybody knows the new one");
}

// proves AUT-5
#[tokio::test]
async fn sessions_that_ended_long_ago_are_removed_however_many_there_are() {
    let world = World::new().await;
    let id = world.somebody(ANN).await;
    let sessions = |count: u32, ended: &str| {
        format!(
            "insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until)
             select gen_random_uuid(), '{id}', now() - interval '1 year', now(), now(), {ended}, {ended}
             from generate_series(1, {count});"
        )
    };
    world
        .sql(
            &[
                sessions(10_001, "now() - interval '31 days'"),
                sessions(2, "now() - interval '29 days'"),
                sessions(3, "now() + interval '1 day'"),
            ]
            .concat(),
        )
        .await;
    // The slot of this hour runs by itself; one more that finds nothing does no harm.
    world.enqueue(&TrimSessions {}).await;
    world.work().await;
    assert_eq!(world.sql("select count(*) from sessions").await, "5");
}

// proves API-5
#[tokio::test]
async fn answers_that_were_kept_for_a_day_are_removed_however_many_there_are() {
    let world = World::new().await;
    let answers = |actor: &str, count: u32, age: &str| {
        format!(
            "insert into idempotency_keys (actor, key, fingerprint, status, sealed_response, created_at)
             select '{actor}', n, sha256(''), 201, '', now() - interval '{age}' from generate_series(1, {count}) n;"
        )
    };
    world.sql(&[answers("old", 10_001, "25 hours"), answers("young", 3, "23 hours")].concat()).await;
    world.enqueue(&TrimIdempotencyKeys {}).await;
    world.work().await;
    assert_eq!(world.sql("select actor, count(*) from idempotency_keys group by actor").await, "young|3");
}

// proves PLN-4
#[tokio::test]
async fn records_of_usage_go_after_40_days_and_the_counters_stay() {
    let world = World::new().await;
    let records = |name: &str, count: u32, age: &str| {
        format!(
            "insert into usage_records (org_id, key, metric, amount, count, created_at)
             select o.id, '{name}-' || n, 'messages', 1, n, now() - interval '{age}'
             from organizations o, generate_series(1, {count}) n;"
        )
    };
    let org =
        "insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
               values (gen_random_uuid(), 'acme', 'Acme', 'pro', 'active', now(), now());
               insert into usage_counters (org_id, metric, month, count)
               select id, 'messages', '2026-01-01', 7 from organizations;";
    world.sql(&[org, &records("old", 10_001, "41 days"), &records("new", 2, "39 days")].concat()).await;
    world.enqueue(&TrimUsage {}).await;
    world.work().await;
    assert_eq!(world.sql("select count(*) from usage_records").await, "2");
    assert_eq!(world.sql("select count from usage_counters").await, "7");
}
