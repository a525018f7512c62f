use std::time::Duration;

use runtime::Shutdown;

use super::{Act, LONG_TRIES, RUNNING, SECOND, TRIES, World};

const UNDONE: &str = "select count(*) from jobs where kind = 'try' and state <> 'done'";

#[tokio::test]
async fn a_running_worker_does_what_is_enqueued_and_retries_what_failed() {
    // proves JOB-1, JOB-2
    let world = World::new().await;
    let (shutdown, running) = world.start(TRIES).await;
    world.enqueue(Act::Succeed).await;
    world.enqueue(Act::FailUntil(3)).await;
    world.until(UNDONE, "0").await;
    assert_eq!(world.sql("select attempt from jobs where kind = 'try' order by created_at").await, "1\n3");
    assert_eq!(
        world.sql("select error from job_failures order by attempt").await,
        "attempt 1 fails\nattempt 2 fails"
    );
    shutdown.begin();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_jobs_of_a_queue_run_at_a_time_than_allowed() {
    // proves JOB-2
    let world = World::new().await;
    for _ in 0..40 {
        world.enqueue(Act::Take(20)).await;
    }
    let (shutdown, running) = world.start(TRIES).await;
    world.until(UNDONE, "0").await;
    assert_eq!(RUNNING.lock().unwrap().1, 4);
    shutdown.begin();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_thousand_jobs_that_are_due_at_once_drain() {
    // proves JOB-1
    let world = World::new().await;
    world
        .sql(
            "insert into jobs (id, kind, payload)
             select gen_random_uuid(), 'try', '{\"act\": {\"fail_until\": 1}}' from generate_series(1, 12000)",
        )
        .await;
    let (shutdown, running) = world.start(TRIES).await;
    world.until(UNDONE, "0").await;
    assert_eq!(
        world.sql("select count(*), count(distinct payload) from jobs where kind = 'effect'").await,
        "12000|12000"
    );
    shutdown.begin();
    running.await.unwrap();
}

#[tokio::test]
async fn a_job_that_runs_for_longer_than_its_lease_keeps_it() {
    // proves JOB-1
    let mut world = World::new().await;
    world.lease = SECOND;
    let (shutdown, running) = world.start(LONG_TRIES).await;
    world.enqueue(Act::Take(3_500)).await;
    world.until(UNDONE, "0").await;
    assert_eq!(world.sql("select attempt from jobs where kind = 'try'").await, "1");
    shutdown.begin();
    running.await.unwrap();
}

#[tokio::test]
async fn a_cancelled_job_stops_running_and_leaves_no_effect() {
    // proves JOB-4
    let mut world = World::new().await;
    world.lease = SECOND;
    let (shutdown, running) = world.start(LONG_TRIES).await;
    world.enqueue(Act::Hang).await;
    world.until("select state from jobs", "running").await;
    world
        .sql(
            "update jobs set state = 'cancelled', finished_at = now(), lease_token = null, lease_until = null",
        )
        .await;
    let gone = async {
        while RUNNING.lock().unwrap().0 > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the work is dropped");
    assert_eq!(world.sql("select kind, state from jobs").await, "try|cancelled");
    shutdown.begin();
    running.await.unwrap();
}

#[tokio::test]
async fn what_a_dead_worker_left_is_done_by_another() {
    // proves JOB-1
    let mut world = World::new().await;
    world.lease = SECOND;
    let url = world.database.url.clone();
    let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let worker = {
        // Its connections belong to its runtime, and end with it.
        let _guard = dying.enter();
        let db = dying.spawn(async move { super::connect(&url).await });
        world.worker_on(db.await.unwrap(), LONG_TRIES).await
    };
    dying.spawn(worker.run(Shutdown::new()));
    world.enqueue(Act::Take(2_500)).await;
    world.until("select count(*) from jobs where state = 'running'", "1").await;
    // Without any goodbye, in the middle of its work.
    dying.shutdown_background();
    let (shutdown, running) = world.start(LONG_TRIES).await;
    world.until(UNDONE, "0").await;
    assert_eq!(world.sql("select attempt from jobs where kind = 'try'").await, "2");
    assert_eq!(world.sql("select attempt, error from job_failures").await, "1|its worker stopped answering");
    shutdown.begin();
    running.await.unwrap();
}
