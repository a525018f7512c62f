use runtime::Shutdown;

use super::{Act, SECOND, TRIES, World};

const STATES: &str =
    "select kind, state, attempt, coalesce(last_error, '') from jobs order by kind, created_at";

#[tokio::test]
async fn draining_does_what_is_due_and_tells_how_it_went() {
    // proves JOB-1, JOB-2
    let world = World::new().await;
    for act in [Act::Succeed, Act::FailUntil(2), Act::Refuse, Act::Postpone] {
        world.enqueue(act).await;
    }
    let tally = world.worker(TRIES).await.drain(&Shutdown::new()).await.unwrap();
    assert_eq!(tally.to_string(), "1 done, 2 to be tried later, 1 dead");
    assert_eq!(
        world.sql(STATES).await,
        "effect|pending|0|\n\
         try|done|1|\n\
         try|pending|1|attempt 1 fails\n\
         try|dead|1|never\n\
         try|pending|0|not yet"
    );
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_a_dead_letter_with_its_reason_and_blocks_nothing() {
    // proves JOB-2
    let world = World::new().await;
    world.sql("insert into jobs (id, kind, payload, priority) values (gen_random_uuid(), 'try', '{\"act\": 7}', 9)").await;
    world.enqueue(Act::Succeed).await;
    let tally = world.worker(TRIES).await.drain(&Shutdown::new()).await.unwrap();
    assert_eq!(tally.to_string(), "1 done, 0 to be tried later, 1 dead");
    let reason = world.sql("select last_error from jobs where state = 'dead'").await;
    assert!(reason.starts_with("the payload cannot be read: "), "{reason}");
}

#[tokio::test]
async fn a_job_that_panics_fails_like_others() {
    // proves JOB-2
    let world = World::new().await;
    world.enqueue(Act::Panic).await;
    world.worker(TRIES).await.drain(&Shutdown::new()).await.unwrap();
    assert_eq!(world.sql(STATES).await, "try|pending|1|the job panicked; the log tells where");
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_ended_and_tried_again() {
    // proves JOB-2
    let world = World::new().await;
    world.enqueue(Act::Hang).await;
    world.worker(TRIES).await.drain(&Shutdown::new()).await.unwrap();
    assert_eq!(world.sql(STATES).await, format!("try|pending|1|it was not done within {SECOND:?}"));
}

#[tokio::test]
async fn draining_twice_at_once_does_each_job_once() {
    // proves JOB-1
    let world = World::new().await;
    for _ in 0..60 {
        world.enqueue(Act::Take(1)).await;
    }
    let (one, two) = (world.worker(TRIES).await, world.worker(TRIES).await);
    let shutdown = Shutdown::new();
    let (one, two) = tokio::join!(one.drain(&shutdown), two.drain(&shutdown));
    one.unwrap();
    two.unwrap();
    assert_eq!(
        world.sql("select state, attempt, count(*) from jobs where kind = 'try' group by 1, 2").await,
        "done|1|60"
    );
    assert_eq!(
        world.sql("select count(*), count(distinct payload) from jobs where kind = 'effect'").await,
        "60|60"
    );
}

#[tokio::test]
async fn draining_tries_each_job_once_however_soon_it_is_due_again() {
    // proves JOB-2
    let world = World::new().await;
    world.enqueue(Act::FailUntil(3)).await;
    // Longer than the first failure's pause.
    for _ in 0..4 {
        world.enqueue(Act::Take(300)).await;
    }
    let tally = world.worker(TRIES).await.drain(&Shutdown::new()).await.unwrap();
    assert_eq!(tally.to_string(), "4 done, 1 to be tried later, 0 dead");
}

#[tokio::test]
async fn draining_stops_when_the_process_does_and_hands_back() {
    // proves JOB-6
    let mut world = World::new().await;
    world.grace = std::time::Duration::ZERO;
    world.enqueue(Act::Hang).await;
    let (worker, shutdown) = (world.worker(super::LONG_TRIES).await, Shutdown::new());
    let stopping = shutdown.clone();
    let drained = tokio::spawn(async move { worker.drain(&stopping).await });
    world.until("select state from jobs", "running").await;
    shutdown.begin();
    drained.await.unwrap().unwrap();
    assert_eq!(world.sql("select state, attempt from jobs").await, "pending|0");
}
