use std::collections::HashSet;
use std::time::Duration;

use tenancy::queue;

use super::{MINUTE, enqueue, world};
use crate::support::race;

#[tokio::test]
async fn a_job_is_handed_over_once_until_its_hint_counts_as_lost() {
    // proves JOB-1
    let world = world().await;
    let job = enqueue(&world.db, None).await.expect("a new job");
    let first = queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer");
    assert_eq!(first.iter().map(|wake| (wake.job, wake.epoch)).collect::<Vec<_>>(), [(job, 1)]);
    assert_eq!(queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer"), []);
    world.sql("update jobs set relayed_at = now() - interval '61 seconds'").await;
    let again = queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer");
    assert_eq!(again.iter().map(|wake| (wake.job, wake.epoch)).collect::<Vec<_>>(), [(job, 2)]);
}

#[tokio::test]
async fn what_the_transport_did_not_take_or_has_forgotten_is_handed_over_again_at_once() {
    // proves JOB-1
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    let wakes = queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer");
    queue::take_back(&world.db, &wakes).await.expect("an answer");
    assert_eq!(queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer").len(), 1);
    assert_eq!(queue::hand_over_again(&world.db).await.expect("an answer"), 1);
    assert_eq!(queue::hand_over(&world.db, "greet", 10, MINUTE).await.expect("an answer").len(), 1);
}

#[tokio::test]
async fn relays_that_work_at_once_hand_over_different_jobs_and_all_of_them() {
    // proves JOB-1
    let world = world().await;
    world
        .sql(
            "insert into jobs (id, kind, payload)
             select gen_random_uuid(), 'greet', '{}' from generate_series(1, 2000)",
        )
        .await;
    let handed = race(6, |_| {
        let db = world.db.clone();
        async move {
            let mut mine = vec![];
            loop {
                let wakes = queue::hand_over(&db, "greet", 50, MINUTE).await.expect("an answer");
                if wakes.is_empty() {
                    return mine;
                }
                mine.extend(wakes.into_iter().map(|wake| wake.job));
            }
        }
    })
    .await;
    let all: Vec<_> = handed.into_iter().flatten().collect();
    // One that sees only rows which others hold has nothing to do for now, and its next round finds them marked.
    let left = queue::hand_over(&world.db, "greet", 5_000, MINUTE).await.expect("an answer");
    assert_eq!(all.len() + left.len(), 2_000);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "none twice");
}

#[tokio::test]
async fn what_has_a_higher_priority_goes_first_and_then_what_has_waited_longer() {
    // proves JOB-2
    let world = world().await;
    world
        .sql(
            "insert into jobs (id, kind, payload, unique_key, priority, run_at)
             select gen_random_uuid(), 'greet', '{}', key, priority, now() - age from (values
                 ('young', 0, interval '1 second'), ('old', 0, interval '1 hour'), ('urgent', 5, interval '0')
             ) jobs (key, priority, age)",
        )
        .await;
    for at_a_time in [1, 3] {
        world.sql("update jobs set relayed_at = null").await;
        let mut order = vec![];
        while order.len() < 3 {
            for wake in queue::hand_over(&world.db, "greet", at_a_time, MINUTE).await.expect("an answer") {
                order
                    .push(world.sql(&format!("select unique_key from jobs where id = '{}'", wake.job)).await);
            }
        }
        assert_eq!(order, ["urgent", "old", "young"]);
    }
}

#[tokio::test]
async fn a_paused_kind_is_not_handed_over() {
    // proves JOB-4
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update job_kinds set paused_at = now()").await;
    assert_eq!(queue::hand_over(&world.db, "greet", 1, MINUTE).await.expect("an answer"), []);
    world.sql("update job_kinds set paused_at = null").await;
    assert_eq!(queue::hand_over(&world.db, "greet", 1, MINUTE).await.expect("an answer").len(), 1);
}

#[tokio::test]
async fn figures_tell_how_long_the_oldest_due_job_waits_and_how_many_are_dead() {
    // proves JOB-4
    let world = world().await;
    let figures = async || queue::figures(&world.db).await.expect("an answer").remove(0);
    assert_eq!((figures().await.lag, figures().await.dead), (Duration::ZERO, 0));
    enqueue(&world.db, None).await.expect("a new job");
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update jobs set run_at = now() + interval '1 hour'").await;
    assert_eq!(figures().await.lag, Duration::ZERO, "nothing is due");
    world.sql("update jobs set run_at = now() - interval '100 seconds'").await;
    let lag = figures().await.lag.as_secs();
    assert!((100..130).contains(&lag), "{lag}");
    world.sql("update jobs set state = 'dead', finished_at = now()").await;
    assert_eq!((figures().await.lag, figures().await.dead), (Duration::ZERO, 2));
}

#[tokio::test]
async fn a_paused_kind_has_no_lag() {
    // proves JOB-4
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update jobs set run_at = now() - interval '1 hour'").await;
    world.sql("update job_kinds set paused_at = now()").await;
    assert_eq!(queue::figures(&world.db).await.expect("an answer")[0].lag, Duration::ZERO);
}

#[tokio::test]
async fn a_commit_wakes_those_who_wait_for_jobs_in_this_process_and_in_others() {
    // proves JOB-1
    let world = world().await;
    let other = world.connect(6, &crate::support::shipped_policies()).await;
    // Listening takes a moment to begin, so the first jobs may be missed there; the next ones are not.
    for db in [&world.db, &other] {
        let woken = db.jobs_due();
        tokio::pin!(woken);
        loop {
            tokio::select! {
                () = &mut woken => break,
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    enqueue(&world.db, None).await;
                }
            }
        }
    }
}
