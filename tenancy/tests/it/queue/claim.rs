use std::time::Duration;

use tenancy::queue::{self, Ending, Fate, Fence, Wake};

use super::{LEASE, enqueue, let_pass, take, taken, world};
use crate::support::{race, request};

#[tokio::test]
async fn eight_who_claim_one_job_at_once_are_one() {
    // proves JOB-1
    let world = world().await;
    let job = enqueue(&world.db, None).await.expect("a new job");
    let claims = race(8, |n| {
        let db = world.db.clone();
        async move {
            let wake = Wake { job, epoch: 1 };
            queue::claim(&db, wake, &["greet"], &format!("w{n}"), LEASE).await.expect("an answer")
        }
    })
    .await;
    assert_eq!(claims.iter().flatten().count(), 1);
    assert_eq!(world.sql("select state, attempt from jobs").await, "running|1");
}

#[tokio::test]
async fn a_hint_that_comes_twice_or_late_finds_nothing() {
    // proves JOB-1
    let world = world().await;
    let claim = taken(&world.db).await;
    let again = Wake { job: claim.id, epoch: 7 };
    let claimed = queue::claim(&world.db, again, &["greet"], "w2", LEASE).await.expect("an answer");
    assert!(claimed.is_none(), "it runs");
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    assert_eq!(tx.finish(&claim).await.expect("an answer"), Fence::Held);
    tx.commit().await.expect("committed");
    let claimed = queue::claim(&world.db, again, &["greet"], "w2", LEASE).await.expect("an answer");
    assert!(claimed.is_none(), "it is done");
}

#[tokio::test]
async fn a_worker_claims_only_what_it_knows_and_what_is_due_and_not_paused() {
    // proves JOB-2, JOB-4
    let world = world().await;
    let job = enqueue(&world.db, None).await.expect("a new job");
    let claim = async |kinds: &[&str]| {
        queue::claim(&world.db, Wake { job, epoch: 1 }, kinds, "w1", LEASE).await.expect("an answer")
    };
    assert!(claim(&["mail.send"]).await.is_none());
    world.sql("update jobs set run_at = now() + interval '1 hour'").await;
    assert!(claim(&["greet"]).await.is_none());
    world.sql("update jobs set run_at = now()").await;
    world.sql("update job_kinds set paused_at = now()").await;
    assert!(claim(&["greet"]).await.is_none());
    world.sql("update job_kinds set paused_at = null").await;
    assert!(claim(&["greet"]).await.is_some());
}

#[tokio::test]
async fn who_lost_the_lease_can_neither_commit_nor_prolong_nor_end() {
    // proves JOB-1
    let world = world().await;
    let lost = taken(&world.db).await;
    let_pass(&world, "lease_until").await;
    assert_eq!(queue::rescue(&world.db, LEASE).await.expect("an answer").abandoned, 1);
    let held = take(&world.db, "w2").await.expect("a claim");

    let mut tx = world.db.begin(request()).await.expect("a transaction");
    assert_eq!(tx.finish(&lost).await.expect("an answer"), Fence::Lost);
    drop(tx);
    assert_eq!(queue::extend(&world.db, &lost, LEASE).await.expect("an answer"), Fence::Lost);
    let ending = Ending::Hopeless { error: "no".into() };
    assert_eq!(queue::end(&world.db, &lost, &ending).await.expect("an answer"), Fate::Lost);

    assert_eq!(world.sql("select state, attempt, worker from jobs").await, "running|2|w2");
    assert_eq!(queue::extend(&world.db, &held, LEASE).await.expect("an answer"), Fence::Held);
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    assert_eq!(tx.finish(&held).await.expect("an answer"), Fence::Held);
    tx.commit().await.expect("committed");
    assert_eq!(world.sql("select state, finished_at is not null from jobs").await, "done|t");
}

#[tokio::test]
async fn the_effect_and_the_end_of_a_job_are_one() {
    // proves JOB-1
    let world = world().await;
    let claim = taken(&world.db).await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    tx.enqueue(&super::Greet { key: Some("effect".into()) }).await.expect("an effect");
    assert_eq!(tx.finish(&claim).await.expect("an answer"), Fence::Held);
    drop(tx);
    assert_eq!(world.sql("select state, count(*) from jobs group by 1").await, "running|1");
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    tx.enqueue(&super::Greet { key: Some("effect".into()) }).await.expect("an effect");
    assert_eq!(tx.finish(&claim).await.expect("an answer"), Fence::Held);
    tx.commit().await.expect("committed");
    assert_eq!(
        world.sql("select state, count(*) from jobs group by 1 order by 1").await,
        "done|1\npending|1"
    );
}

#[tokio::test]
async fn prolonging_moves_the_end_of_the_lease() {
    let world = world().await;
    let claim = taken(&world.db).await;
    let long = Duration::from_secs(3600);
    assert_eq!(queue::extend(&world.db, &claim, long).await.expect("an answer"), Fence::Held);
    let is_long = "select lease_until > now() + interval '59 minutes' from jobs";
    assert_eq!(world.sql(is_long).await, "t");
}

#[tokio::test]
async fn a_claim_tells_how_long_the_job_was_due() {
    // proves JOB-4
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    world.sql("update jobs set run_at = now() - interval '90 seconds'").await;
    let waited = take(&world.db, "w1").await.expect("a claim").waited.as_secs();
    assert!((90..120).contains(&waited), "{waited}");
}
