//! Stopping: work ends, hints go back, and nobody waits for a Redis that is not there.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Gate, PATIENCE, QUEUE, Seen, ask, client, push, server, until, wakes, workers};
use crate::transport::redis::WINDOW;

// proves JOB-6
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_stopped_waits_for_its_work_and_leaves_the_rest_to_others() {
    let server = server();
    let (redis, seen, gate, stop) =
        (client(&server, "a"), Seen::default(), Gate::shut(), CancellationToken::new());
    let task = seen.consume(&redis, 2, &gate, &stop);
    push(&redis, &wakes(0..10)).await;
    until("two begin", async || seen.running().now == 2).await;
    stop.cancel();
    // Time to end too early, or to begin another; longer than Redis has to hear of the end.
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(seen.counts().len(), 2);
    assert!(!task.is_finished(), "its work goes on");
    gate.release();
    timeout(PATIENCE, task).await.expect("in time").expect("no panic");
    assert_eq!(seen.running().ended, 2);
    assert_eq!(workers(&server).await, [""; 0], "it has left");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), WINDOW - 8, "what it did not work waits");

    let (next, others) = (client(&server, "b"), Seen::default());
    others.consume(&next, 2, &Gate::open(), &CancellationToken::new());
    others
        .all(&wakes(0..10).into_iter().filter(|wake| !seen.counts().contains_key(wake)).collect::<Vec<_>>())
        .await;
    assert_eq!(others.counts().len(), 8);
}

// proves JOB-6
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_waits_for_a_place_is_left_to_others() {
    let server = server();
    let (redis, seen, gate, stop) =
        (client(&server, "a"), Seen::default(), Gate::shut(), CancellationToken::new());
    let task = seen.consume(&redis, 2, &gate, &stop);
    let (first, second) = (wakes(0..1), wakes(1..2));
    push(&redis, &first).await;
    seen.all(&first).await;
    // The work goes on without its worker; its hint comes again and takes the other place.
    let _: usize = ask(&server, &["CLIENT", "KILL", "TYPE", "normal"]).await;
    until("it has come again", async || seen.running().now == 2).await;
    push(&redis, &second).await;
    until("the next one is fetched", async || {
        ask::<usize>(&server, &["SCARD", "doorward:mail:inflight:a-mail-1"]).await == 2
    })
    .await;
    stop.cancel();
    gate.release();
    timeout(PATIENCE, task).await.expect("in time").expect("no panic");
    assert!(!seen.counts().contains_key(&second[0]), "it was to stop");

    let others = Seen::default();
    others.consume(&client(&server, "b"), 2, &Gate::open(), &CancellationToken::new());
    others.all(&second).await;
}

// proves JOB-6
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_stops_although_redis_is_gone() {
    let mut server = server();
    let (redis, seen, gate, stop) =
        (client(&server, "a"), Seen::default(), Gate::shut(), CancellationToken::new());
    let task = seen.consume(&redis, 2, &gate, &stop);
    push(&redis, &wakes(0..1)).await;
    seen.all(&wakes(0..1)).await;
    block_in_place(|| server.kill()).expect("killed");
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await; // time to end too early
    assert!(!task.is_finished(), "its work goes on");
    gate.release();
    timeout(PATIENCE, task).await.expect("in time").expect("no panic");
    assert_eq!(seen.running().ended, 1);
}

// proves JOB-6
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_stops_although_redis_does_not_answer() {
    let server = server();
    let (redis, seen, gate, stop) =
        (client(&server, "a"), Seen::default(), Gate::shut(), CancellationToken::new());
    let task = seen.consume(&redis, 2, &gate, &stop);
    push(&redis, &wakes(0..1)).await;
    seen.all(&wakes(0..1)).await;
    server.freeze().expect("frozen");
    stop.cancel();
    gate.release();
    // Less than an answer may take.
    timeout(Duration::from_secs(8), task).await.expect("in time").expect("no panic");
    assert_eq!(seen.running().ended, 1);
}
