//! Redis fails in every way it can, and hints go on coming.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::{Gate, QUEUE, Seen, ask, client, push, server, until, wakes, workers};

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_is_blank_until_everything_was_handed_over() {
    let mut server = server();
    let (redis, other, seen) = (client(&server, "a"), client(&server, "b"), Seen::default());
    assert!(redis.is_blank().await.expect("an answer"), "a new one");
    redis.mark().await.expect("marked");
    assert!(!redis.is_blank().await.expect("an answer"));
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    push(&redis, &wakes(0..5)).await;
    seen.all(&wakes(0..5)).await;

    block_in_place(|| server.restart_empty()).expect("restarted");
    assert!(redis.is_blank().await.expect("an answer"));
    assert!(other.is_blank().await.expect("an answer"), "nobody has handed over anything");
    push(&redis, &wakes(5..10)).await;
    seen.all(&wakes(5..10)).await;
    redis.mark().await.expect("marked");
    assert!(!redis.is_blank().await.expect("an answer"));
    assert!(!other.is_blank().await.expect("an answer"));
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_refill_that_was_lost_halfway_does_not_count() {
    let mut server = server();
    let redis = client(&server, "a");
    assert!(redis.is_blank().await.expect("an answer"));
    block_in_place(|| server.restart_empty()).expect("restarted");
    redis.mark().await.expect("said");
    assert!(redis.is_blank().await.expect("an answer"));
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn hints_survive_a_kill_of_a_redis_that_keeps_its_data() {
    let mut server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    assert!(redis.is_blank().await.expect("an answer"));
    redis.mark().await.expect("marked");
    redis.push(QUEUE, &wakes(0..100)).await.expect("pushed");
    block_in_place(|| server.restart_keeping()).expect("restarted");
    assert!(!redis.is_blank().await.expect("an answer"));
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    seen.all(&wakes(0..100)).await;
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_starts_without_a_redis_works_as_soon_as_there_is_one() {
    let mut server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    block_in_place(|| server.kill()).expect("killed");
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    redis.ping().await.expect_err("there is no Redis");
    redis.room(QUEUE).await.expect_err("there is no Redis");
    block_in_place(|| server.restart_empty()).expect("restarted");
    push(&redis, &wakes(0..5)).await;
    seen.all(&wakes(0..5)).await;
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stalls_for_a_while_costs_no_worker() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    push(&redis, &wakes(0..5)).await;
    seen.all(&wakes(0..5)).await;
    server.freeze().expect("frozen");
    redis.ping().await.expect_err("nobody answers");
    // Longer than clients of Redis wait by default.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    server.thaw().expect("thawed");
    push(&redis, &wakes(5..10)).await;
    seen.all(&wakes(5..10)).await;
    assert_eq!(workers(&server).await, ["a-mail-0"]);
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_redis_dies_and_counts_when_it_is_back() {
    let mut server = server();
    let (redis, seen, gate) = (client(&server, "a"), Seen::default(), Gate::shut());
    seen.consume(&redis, 1, &gate, &CancellationToken::new());
    push(&redis, &wakes(0..1)).await;
    seen.all(&wakes(0..1)).await;

    block_in_place(|| server.restart_empty()).expect("restarted");
    until("the next worker is there", async || workers(&server).await == ["a-mail-1"]).await;
    push(&redis, &wakes(1..5)).await;
    until("it has fetched one", async || {
        ask::<usize>(&server, &["SCARD", "doorward:mail:inflight:a-mail-1"]).await == 1
    })
    .await;
    assert_eq!(seen.running().now, 1, "the work that had begun goes on, alone");
    gate.release();
    seen.all(&wakes(1..5)).await;
    until("all has ended", async || seen.running().ended == 5).await;
    assert_eq!(seen.running().most, 1);
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_costs_one_worker_and_its_hints_come_back_at_once() {
    let server = server();
    let (redis, seen, gate) = (client(&server, "a"), Seen::default(), Gate::shut());
    seen.consume(&redis, 1, &gate, &CancellationToken::new());
    push(&redis, &wakes(0..3)).await;
    seen.all(&wakes(0..1)).await;
    let _: usize = ask(&server, &["CLIENT", "KILL", "TYPE", "normal"]).await;
    until("the next worker is alone", async || workers(&server).await == ["a-mail-1"]).await;
    assert!(!ask::<bool>(&server, &["EXISTS", "doorward:mail:inflight:a-mail-0"]).await);
    gate.release();
    seen.all(&wakes(0..3)).await;
    until("it has come twice", async || seen.counts()[&wakes(0..1)[0]] == 2).await;
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_others_took_for_dead_begins_anew() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    push(&redis, &wakes(0..1)).await;
    seen.all(&wakes(0..1)).await;
    let _: usize = ask(&server, &["ZREM", "doorward:mail:workers", "a-mail-0"]).await;
    push(&redis, &wakes(1..5)).await;
    seen.all(&wakes(1..5)).await;
    assert_eq!(workers(&server).await, ["a-mail-1"]);
}
