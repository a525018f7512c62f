use std::time::Duration;

use super::{Act, LONG_TRIES, World};

#[tokio::test]
async fn jobs_that_run_may_end_when_the_process_stops_and_no_others_begin() {
    // proves JOB-6
    let world = World::new().await;
    let (shutdown, running) = world.start(LONG_TRIES).await;
    world.enqueue(Act::Take(1_000)).await;
    world.until("select state from jobs", "running").await;
    shutdown.begin();
    world.enqueue(Act::Succeed).await;
    running.await.unwrap();
    let states = "select state, attempt from jobs where kind = 'try' order by created_at";
    assert_eq!(world.sql(states).await, "done|1\npending|0");
}

#[tokio::test]
async fn jobs_that_take_too_long_are_handed_back_at_once() {
    // proves JOB-6
    let mut world = World::new().await;
    world.grace = Duration::from_millis(200);
    let (shutdown, running) = world.start(LONG_TRIES).await;
    world.enqueue(Act::Hang).await;
    world.until("select state from jobs", "running").await;
    shutdown.begin();
    running.await.unwrap();
    assert_eq!(world.sql("select state, attempt, lease_token from jobs").await, "pending|0|");
}
