//! Bad days of the store: what is answered while it cannot be read, and after.

use std::time::{Duration, Instant};

use tenancy::{CacheLimits, Caller, Consistency, Db, Error, UserId};

use crate::line::Line;
use crate::support::{
    ACME_VAULT, CHAPTER, EVE, VIC, World, ask, connect, document, of, shipped_policies, told,
};

const BOUND: Duration = Duration::from_millis(1_500);

async fn replica(world: &World, line: &Line) -> Db {
    let limits = CacheLimits { staleness: BOUND, ..CacheLimits::default() };
    connect(&line.url, 6, &shipped_policies(), &world.clock).await.with_cache(limits)
}

/// Keeps everybody from reading users for a while, from now on.
async fn lock_users(world: &World) -> tokio::task::JoinHandle<()> {
    let database = std::sync::Arc::clone(&world.database);
    let lock = tokio::task::spawn_blocking(move || {
        database
            .run("begin; lock table users in access exclusive mode; select pg_sleep(3); commit")
            .map(drop)
            .expect("a lock");
    });
    let is_held = "select count(*) from pg_locks where relation = 'users'::regclass and granted
                   and mode = 'AccessExclusiveLock'";
    while world.try_sql(is_held).await.unwrap() != "1" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lock
}

async fn edits(db: &Db, user: UserId) -> Result<String, Error> {
    let asked = ask(of("User", user), "Docs::edit", document(CHAPTER));
    Ok(told(&db.ask(&Caller::Operator, &[asked]).await?.answers[0]))
}

#[tokio::test]
async fn without_the_store_answers_come_from_memory_within_the_bound_and_then_not_at_all() {
    // proves PDP-6, PDP-3
    let world = World::new().await;
    let line = Line::to(&world.database.url);
    let db = replica(&world, &line).await;
    assert_eq!(edits(&db, VIC).await.unwrap(), "deny no_policy_allows");
    assert_eq!(edits(&db, EVE).await.unwrap(), "allow by content.editor.write, content.owner");
    line.cut();
    let begun = Instant::now();
    let mut answered = 0;
    let refused = loop {
        match edits(&db, EVE).await {
            Ok(told) => {
                assert_eq!(told, "allow by content.editor.write, content.owner");
                assert!(begun.elapsed() < BOUND + Duration::from_secs(5), "answered for too long");
                answered += 1;
            }
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(answered > 5, "{answered} answers from memory");
    assert!(matches!(&refused, Error::Unreachable), "{refused:?}");
    // Who was never asked about cannot be answered, whatever the age.
    assert!(edits(&db, crate::support::MARY).await.is_err());
    // A role that was taken away meanwhile is gone when the store is back, without a restart.
    world.try_sql(&format!("update workspace_members set role = 'viewer' where user_id = '{EVE}'; update resources set owner_id = null")).await.unwrap();
    for _ in 0..5 {
        assert!(edits(&db, EVE).await.is_err(), "never a wrong allow");
    }
    line.mend();
    let begun = Instant::now();
    loop {
        match edits(&db, EVE).await {
            Ok(told) => {
                assert_eq!(told, "deny no_policy_allows", "the first answer knows");
                break;
            }
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(15), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_fact_younger() {
    // proves PDP-6
    let world = World::new().await;
    let line = Line::to(&world.database.url);
    let db = replica(&world, &line).await;
    assert!(edits(&db, EVE).await.is_ok());
    line.cut();
    world.clock.set(crate::support::start() - Duration::from_secs(3_600));
    tokio::time::sleep(BOUND + Duration::from_millis(200)).await;
    assert!(matches!(edits(&db, EVE).await, Err(Error::Unreachable)));
}

#[tokio::test]
async fn a_clock_that_went_far_ahead_makes_facts_old() {
    // proves PDP-6: what a machine slept through
    let world = World::new().await;
    let line = Line::to(&world.database.url);
    let db = replica(&world, &line).await;
    assert!(edits(&db, EVE).await.is_ok());
    line.cut();
    world.clock.advance(Duration::from_secs(60));
    assert!(matches!(edits(&db, EVE).await, Err(Error::Unreachable)));
}

#[tokio::test]
async fn a_flood_of_unknown_ids_leaves_what_is_useful() {
    // proves PDP-6
    let world = World::new().await;
    let line = Line::to(&world.database.url);
    let limits = CacheLimits { staleness: Duration::from_secs(60), bytes: 400_000 };
    let db = connect(&line.url, 6, &shipped_policies(), &world.clock).await.with_cache(limits);
    assert!(edits(&db, EVE).await.is_ok());
    for round in 0..20 {
        let asks: Vec<_> = (0..500)
            .map(|n| ask(of("User", EVE), "Docs::read", document(&format!("no {round} {n}"))))
            .collect();
        let answers = db.ask(&Caller::Operator, &asks).await.expect("answers").answers;
        assert!(answers.iter().all(|answer| told(answer) == "deny unknown_resource"));
        let strangers: Vec<_> = (0..500_u128)
            .map(|n| {
                ask(of("User", uuid::Uuid::from_u128(n + 1_000 * round)), "Docs::read", document(CHAPTER))
            })
            .collect();
        let answers = db.ask(&Caller::Operator, &strangers).await.expect("answers").answers;
        assert!(answers.iter().all(|answer| told(answer) == "deny unknown_principal"));
    }
    line.cut();
    assert_eq!(edits(&db, EVE).await.expect("still there"), "allow by content.editor.write, content.owner");
}

#[tokio::test]
async fn a_cache_that_is_too_small_for_a_question_still_answers() {
    // proves PDP-6
    let world = World::new().await;
    let limits = CacheLimits { bytes: 1, ..CacheLimits::default() };
    let db = world.connect(6, &shipped_policies()).await.with_cache(limits);
    for _ in 0..3 {
        assert_eq!(edits(&db, EVE).await.unwrap(), "allow by content.editor.write, content.owner");
    }
    assert_eq!(edits(&db, VIC).await.unwrap(), "deny no_policy_allows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_miss_the_same_share_one_look() {
    // proves PDP-6
    let world = World::new().await;
    let db = world.connect(12, &shipped_policies()).await;
    let lock = lock_users(&world).await;
    let askers: Vec<_> = (0..64)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { edits(&db, EVE).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    assert_eq!(world.try_sql(waiting).await.unwrap(), "1", "one look for all of them");
    lock.await.unwrap();
    for asker in askers {
        assert_eq!(asker.await.unwrap().unwrap(), "allow by content.editor.write, content.owner");
    }
}

#[tokio::test]
async fn fresh_reads_what_no_feed_tells() {
    // proves PDP-6: facts that came in past the triggers, as a restored backup does
    let world = World::new().await;
    assert_eq!(edits(&world.db, VIC).await.unwrap(), "deny no_policy_allows");
    world
        .try_sql(&format!(
            "set session_replication_role = replica;
             update workspace_members set role = 'editor' where user_id = '{VIC}' and workspace_id = '{ACME_VAULT}'"
        ))
        .await
        .unwrap();
    let asked = ask(of("User", VIC), "Docs::edit", document(CHAPTER));
    let fresh = world.db.ask_items(&Caller::Operator, &[Ok(asked)], Consistency::Fresh).await.unwrap();
    assert_eq!(told(&fresh.answers[0]), "allow by content.editor.write");
    assert_eq!(edits(&world.db, VIC).await.unwrap(), "allow by content.editor.write", "and stays");
}

#[tokio::test]
async fn a_fact_that_cannot_be_read_is_the_trouble_of_those_who_ask_about_it() {
    // proves PDP-6, PDP-3: a date that a person wrote by hand, and nothing but Postgres understands
    let world = World::new().await;
    let owner = crate::support::GARY;
    let globex = of("Organization", crate::support::GLOBEX);
    world
        .try_sql(&format!("update organizations set trial_ends_at = 'infinity' where id = '{}'", globex.id))
        .await
        .unwrap();
    let askers: Vec<_> = (0..8)
        .map(|number| {
            let (db, globex) = (world.db.clone(), globex.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    return edits(&db, EVE).await;
                }
                let asked = ask(of("User", owner), "org.view", globex);
                Ok(told(&db.ask(&Caller::Operator, &[asked]).await?.answers[0]))
            })
        })
        .collect();
    for (number, asker) in askers.into_iter().enumerate() {
        match asker.await.unwrap() {
            Ok(told) => assert!(number % 2 == 0 && told.starts_with("allow"), "{number}: {told}"),
            Err(error) => assert!(number % 2 == 1, "{number}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn who_had_to_connect_anew_trusts_nothing_from_before() {
    // proves PDP-6: a server that took over can have other transactions under the same numbers
    let world = World::new().await;
    let line = Line::to(&world.database.url);
    let db = replica(&world, &line).await;
    assert_eq!(edits(&db, VIC).await.unwrap(), "deny no_policy_allows");
    line.cut();
    // No change of the feed tells of this.
    world
        .try_sql(&format!(
            "set session_replication_role = replica;
             update workspace_members set role = 'editor' where user_id = '{VIC}' and workspace_id = '{ACME_VAULT}'"
        ))
        .await
        .unwrap();
    line.mend();
    let begun = Instant::now();
    while edits(&db, VIC).await.ok().as_deref() != Some("allow by content.editor.write") {
        assert!(begun.elapsed() < Duration::from_secs(10), "still as before");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_question_that_waited_for_long_is_asked_again_at_the_time_of_its_answer() {
    // proves PDP-6, WSP-5: the share ended while the store kept the question waiting
    let world = World::new().await;
    let ends = crate::support::start() + Duration::from_secs(30);
    let share = crate::support::share(
        77,
        &document(CHAPTER),
        &of("User", crate::support::GREG),
        "viewer",
        Some(&ends.to_rfc3339()),
    );
    world.import(&[share]).await;
    let db = world.connect(6, &shipped_policies()).await;
    let asked = || ask(of("User", crate::support::GREG), "Docs::read", document(CHAPTER));
    let lock = lock_users(&world).await;
    let waiting = tokio::spawn({
        let (db, asked) = (db.clone(), asked());
        async move { told(&db.ask(&Caller::Operator, &[asked]).await.expect("an answer").answers[0]) }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.clock.advance(Duration::from_secs(60));
    lock.await.unwrap();
    assert!(waiting.await.unwrap().starts_with("deny"), "by the clock of the answer, the share is over");
}
