use std::time::Duration;

use serde_json::json;
use tenancy::queue::{self, Schedule};

use super::{GREET, world};
use crate::support::race;

fn daily() -> Schedule {
    Schedule { kind: GREET.name, every: Duration::from_secs(24 * 3600), payload: json!({ "key": null }) }
}

#[tokio::test]
async fn ten_workers_run_a_slot_once() {
    // proves JOB-5
    let world = world().await;
    let taken = race(10, |_| {
        let db = world.db.clone();
        async move { queue::take_slot(&db, &daily()).await.expect("an answer") }
    })
    .await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    let jobs = "select count(*), min(s.kind) from jobs j join job_slots s on s.job_id = j.id";
    assert_eq!(world.sql(jobs).await, "1|greet");
}

#[tokio::test]
async fn a_slot_stays_taken_after_its_run_and_the_next_one_is_another() {
    // proves JOB-5
    let world = world().await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    world.sql("update jobs set state = 'done', finished_at = now()").await;
    assert!(!queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    world.sql("update job_slots set slot = slot - interval '1 day'").await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
}

#[tokio::test]
async fn slots_that_were_missed_are_made_up_for_by_one_run() {
    // proves JOB-5
    let world = world().await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    world.sql("update jobs set state = 'done', finished_at = now()").await;
    world.sql("update job_slots set slot = slot - interval '30 days'").await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    assert!(!queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    assert_eq!(world.sql("select count(*) from jobs where state = 'pending'").await, "1");
}

#[tokio::test]
async fn while_the_run_of_a_slot_waits_the_next_slots_add_none() {
    // proves JOB-5
    let world = world().await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    world.sql("update job_slots set slot = slot - interval '1 day'").await;
    assert!(!queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    assert_eq!(world.sql("select count(*) from jobs").await, "1");
}

#[tokio::test]
async fn a_paused_kind_takes_no_slot_and_makes_up_for_it_afterwards() {
    // proves JOB-4
    let world = world().await;
    world.sql("update job_kinds set paused_at = now()").await;
    assert!(!queue::take_slot(&world.db, &daily()).await.expect("an answer"));
    world.sql("update job_kinds set paused_at = null").await;
    assert!(queue::take_slot(&world.db, &daily()).await.expect("an answer"));
}
