use tenancy::queue::{self, Fence, Rescued};

use super::{MINUTE, enqueue, let_pass, take, taken, world};
use crate::support::{race, request};

#[tokio::test]
async fn the_job_of_a_worker_that_died_goes_to_another_one() {
    // proves JOB-1
    let world = world().await;
    taken(&world.db).await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer"), Rescued::default(), "it holds");
    let_pass(&world, "lease_until").await;
    let rescued = queue::rescue(&world.db, MINUTE).await.expect("an answer");
    assert_eq!(rescued, Rescued { abandoned: 1, ..Rescued::default() });
    let claim = take(&world.db, "w2").await.expect("a claim");
    assert_eq!(claim.attempt, 2);
    assert_eq!(
        world.sql("select attempt, worker, error from job_failures").await,
        "1|w1|its worker stopped answering"
    );
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_dead_after_its_last_attempt() {
    // proves JOB-2
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    for _ in 0..3 {
        take(&world.db, "w1").await.expect("a claim");
        let_pass(&world, "lease_until").await;
        queue::rescue(&world.db, MINUTE).await.expect("an answer");
    }
    assert_eq!(
        world.sql("select state, attempt, last_error from jobs").await,
        "dead|3|its worker stopped answering"
    );
}

#[tokio::test]
async fn ten_rescuers_at_once_rescue_a_job_once() {
    // proves JOB-1
    let world = world().await;
    taken(&world.db).await;
    let_pass(&world, "lease_until").await;
    let rescued = race(10, |_| {
        let db = world.db.clone();
        async move { queue::rescue(&db, MINUTE).await.expect("an answer").abandoned }
    })
    .await;
    assert_eq!(rescued.iter().sum::<u64>(), 1);
    assert_eq!(world.sql("select count(*) from job_failures").await, "1");
}

#[tokio::test]
async fn equal_jobs_that_are_abandoned_together_become_one() {
    // proves JOB-2
    let world = world().await;
    for worker in ["w1", "w2"] {
        enqueue(&world.db, Some("olga")).await.expect("a new job");
        take(&world.db, worker).await.expect("a claim");
    }
    let_pass(&world, "lease_until").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").abandoned, 2);
    assert_eq!(
        world.sql("select state, count(*) from jobs group by 1 order by 1").await,
        "cancelled|1\npending|1"
    );
}

#[tokio::test]
async fn an_abandoned_job_does_not_give_way_to_an_equal_one_that_runs() {
    // proves JOB-1
    let world = world().await;
    enqueue(&world.db, Some("olga")).await.expect("a new job");
    take(&world.db, "healthy").await.expect("a claim");
    // Asked for while the first one ran: about something that the first one may have read too early.
    enqueue(&world.db, Some("olga")).await.expect("a new job");
    take(&world.db, "dead").await.expect("a claim");
    world.sql("update jobs set lease_until = now() - interval '1 second' where worker = 'dead'").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").abandoned, 1);
    assert_eq!(
        world.sql("select worker, state from jobs order by worker").await,
        "dead|pending\nhealthy|running"
    );
}

#[tokio::test]
async fn an_abandoned_job_does_not_give_way_to_an_equal_one_that_is_given_up() {
    // proves JOB-1
    let world = world().await;
    for worker in ["w1", "w2"] {
        enqueue(&world.db, Some("olga")).await.expect("a new job");
        take(&world.db, worker).await.expect("a claim");
    }
    world.sql("update jobs set attempt = 3 where worker = 'w1'").await;
    let_pass(&world, "lease_until").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").abandoned, 2);
    assert_eq!(world.sql("select worker, state from jobs order by worker").await, "w1|dead\nw2|pending");
}

#[tokio::test]
async fn a_kind_that_no_worker_knows_goes_to_the_dead_letters_and_says_why() {
    // proves JOB-2
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update jobs set kind = 'grete'").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").unknown, 0, "it may be a new one");
    world.sql("update jobs set due_since = now() - interval '61 seconds'").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").unknown, 1);
    assert_eq!(world.sql("select state, last_error from jobs").await, "dead|no worker knows the kind grete");
    assert_eq!(world.sql("select error from job_failures").await, "no worker knows the kind grete");
}

#[tokio::test]
async fn a_job_that_waits_for_longer_than_it_may_live_is_dead_unless_its_kind_is_paused() {
    // proves JOB-2
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update jobs set due_since = now() - interval '61 minutes'").await;
    world.sql("update job_kinds set paused_at = now()").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").outlived, 0);
    world.sql("update job_kinds set paused_at = null").await;
    assert_eq!(queue::rescue(&world.db, MINUTE).await.expect("an answer").outlived, 1);
    assert_eq!(
        world.sql("select state, last_error from jobs").await,
        "dead|it was not done within its lifetime"
    );
}

#[tokio::test]
async fn a_job_that_is_finished_while_it_is_rescued_is_either() {
    // proves JOB-1
    let world = world().await;
    for _ in 0..20 {
        let claim = taken(&world.db).await;
        let_pass(&world, "lease_until").await;
        let outcomes = race(2, |n| {
            let (db, claim) = (world.db.clone(), claim.clone());
            async move {
                if n == 0 {
                    return queue::rescue(&db, MINUTE).await.expect("an answer").abandoned == 1;
                }
                let mut tx = db.begin(request()).await.expect("a transaction");
                if tx.finish(&claim).await.expect("an answer") == Fence::Lost {
                    return false;
                }
                tx.commit().await.expect("committed");
                true
            }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "{outcomes:?}");
        world.sql("update jobs set state = 'cancelled', finished_at = now() where state = 'pending'").await;
    }
}
