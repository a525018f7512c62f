//! Redis stays small, and nothing that is in it wedges a queue.

use ::redis::FromRedisValue;
use apalis_core::task::builder::TaskBuilder;
use tokio_util::sync::CancellationToken;

use super::{Gate, QUEUE, Seen, ask, client, push, server, until, wakes, workers};
use crate::transport::redis::WINDOW;
use crate::transport::redis::queue::Queue;

/// How many entries a key has.
async fn size<T: FromRedisValue>(server: &harness::Redis, command: &str, key: &str) -> T {
    ask(server, &[command, &format!("doorward:mail:{key}")]).await
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_hints_that_were_worked() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 8, &Gate::open(), &CancellationToken::new());
    push(&redis, &wakes(0..2500)).await;
    seen.all(&wakes(0..2500)).await;
    until("all are acknowledged", async || size::<usize>(&server, "SCARD", "done").await == 2500).await;
    assert_eq!(size::<usize>(&server, "HLEN", "data").await, 2500);

    redis.trim(QUEUE).await.expect("trimmed");
    assert_eq!(size::<usize>(&server, "SCARD", "done").await, 0);
    assert_eq!(size::<usize>(&server, "HLEN", "data").await, 0);
    let mut keys: Vec<String> = ask(&server, &["KEYS", "*"]).await;
    keys.sort();
    // The list of workers, the note about this one, and apalis' list of all queues.
    assert_eq!(
        keys,
        ["core:apalis:queues:list", "doorward:mail:workers", "doorward:mail:workers:metadata:a-mail-0"]
    );
    let lives: i64 = size(&server, "TTL", "workers:metadata:a-mail-0").await;
    assert!(lives > 0, "the note about a worker goes some day: {lives}");
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn hints_that_wait_or_run_are_not_trimmed() {
    let server = server();
    let (redis, seen, gate) = (client(&server, "a"), Seen::default(), Gate::shut());
    seen.consume(&redis, 1, &gate, &CancellationToken::new());
    push(&redis, &wakes(0..3)).await;
    seen.all(&wakes(0..1)).await;
    redis.trim(QUEUE).await.expect("trimmed");
    assert_eq!(size::<usize>(&server, "HLEN", "data").await, 3);
    gate.release();
    seen.all(&wakes(0..3)).await;
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_job_can_be_handed_over_again_after_its_hint_was_trimmed() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 1, &Gate::open(), &CancellationToken::new());
    push(&redis, &wakes(0..1)).await;
    until("it is acknowledged", async || size::<usize>(&server, "SCARD", "done").await == 1).await;
    redis.trim(QUEUE).await.expect("trimmed");
    push(&redis, &wakes(0..1)).await;
    until("it comes again", async || seen.counts()[&wakes(0..1)[0]] == 2).await;
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn hints_whose_data_was_evicted_do_not_wedge_the_queue() {
    let server = server();
    let (redis, seen, gate) = (client(&server, "a"), Seen::default(), Gate::shut());
    seen.consume(&redis, 1, &gate, &CancellationToken::new());
    push(&redis, &wakes(0..20)).await;
    until("one begins", async || seen.running().now == 1).await;
    let _: usize = ask(&server, &["DEL", "doorward:mail:data"]).await;
    push(&redis, &wakes(20..40)).await;
    for wake in wakes(20..30) {
        let note = format!("doorward:mail:meta:{}.{}", wake.job, wake.epoch);
        assert_eq!(ask::<usize>(&server, &["DEL", &note]).await, 1);
    }
    gate.release();
    seen.all(&wakes(30..40)).await;
    until("the queue is empty", async || redis.room(QUEUE).await.ok() == Some(WINDOW)).await;
    assert_eq!(seen.counts().len(), 11, "the one that had begun, and those that were whole");
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_hint_is_dropped_and_ends_no_worker() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    let queue = Queue::new(QUEUE);
    let strange = [TaskBuilder::new(br#"{"of":"a later release"}"#.to_vec()).build()];
    apalis_redis::queries::push_tasks(&mut redis.link.clone(), queue.config(), &strange)
        .await
        .expect("pushed");
    until("it is acknowledged", async || size::<usize>(&server, "SCARD", "done").await == 1).await;
    push(&redis, &wakes(0..5)).await;
    seen.all(&wakes(0..5)).await;
    assert_eq!(workers(&server).await, ["a-mail-0"]);
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_the_work_and_not_the_worker() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    let (consumer, others) = (redis.clone(), seen.clone());
    let panicking = wakes(0..1)[0];
    tokio::spawn(async move {
        let work = move |wake| {
            let seen = others.clone();
            async move {
                assert_ne!(wake, panicking, "as the test wants");
                seen.work(wake, Gate::open()).await;
            }
        };
        consumer.consume(QUEUE, 1, work, CancellationToken::new()).await;
    });
    push(&redis, &wakes(0..5)).await;
    seen.all(&wakes(1..5)).await;
    assert_eq!(workers(&server).await, ["a-mail-0"]);
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_many_relays_have_filled_is_emptied_and_everything_is_handed_over_again() {
    let server = server();
    let redis = client(&server, "a");
    assert!(redis.is_blank().await.expect("an answer"));
    redis.mark().await.expect("marked");
    redis.push(QUEUE, &wakes(0..4_500)).await.expect("pushed");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), 0);
    assert!(redis.is_blank().await.expect("an answer"), "everything has to be handed over again");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), WINDOW);
    let keys: Vec<String> = ask(&server, &["KEYS", "doorward:mail:*meta*"]).await;
    assert_eq!(keys, Vec::<String>::new(), "nothing is left of them");
}
