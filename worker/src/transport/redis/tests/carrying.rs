//! Hints come, once each, and no more at a time than asked for.

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Gate, PATIENCE, QUEUE, Seen, ask, client, push, server, until, wakes, workers};
use crate::transport::redis::{Redis, WINDOW};

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn hints_that_are_pushed_one_after_the_other_do_not_wait_for_heartbeats() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    for wake in wakes(0..10) {
        redis.push(QUEUE, &[wake]).await.expect("pushed");
        seen.all(&[wake]).await;
    }
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_hints_and_no_hint_comes_twice() {
    let server = server();
    let (first, second) = (client(&server, "a"), client(&server, "b"));
    let (some, others, stop) = (Seen::default(), Seen::default(), CancellationToken::new());
    let tasks =
        [some.consume(&first, 4, &Gate::open(), &stop), others.consume(&second, 4, &Gate::open(), &stop)];
    until("both are there", async || workers(&server).await.len() == 2).await;

    let wakes = wakes(0..1000);
    push(&first, &wakes).await;
    until("all have come", async || some.running().ended + others.running().ended >= wakes.len()).await;
    stop.cancel();
    for task in tasks {
        task.await.expect("no panic");
    }
    let (some, others) = (some.counts(), others.counts());
    assert!(!some.is_empty() && !others.is_empty(), "{} and {}", some.len(), others.len());
    for wake in wakes {
        let times = some.get(&wake).unwrap_or(&0) + others.get(&wake).unwrap_or(&0);
        assert_eq!(times, 1, "{wake:?}");
    }
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn no_more_work_goes_on_at_a_time_than_asked_for() {
    let server = server();
    let (redis, seen, gate) = (client(&server, "a"), Seen::default(), Gate::shut());
    seen.consume(&redis, 3, &gate, &CancellationToken::new());
    let wakes = wakes(0..50);
    push(&redis, &wakes).await;
    until("three begin", async || seen.running().now == 3).await;
    gate.release();
    seen.all(&wakes).await;
    assert_eq!(seen.running().most, 3);
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_drains_through_the_window() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), WINDOW);
    let wakes = wakes(0..12_000);
    redis.push(QUEUE, &wakes[..WINDOW]).await.expect("pushed");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), 0);
    redis.push(QUEUE, &wakes[WINDOW..WINDOW + 1]).await.expect("pushed");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), 0, "it never goes below nothing");

    seen.consume(&redis, 16, &Gate::open(), &CancellationToken::new());
    for wakes in wakes[WINDOW + 1..].chunks(2 * WINDOW) {
        push(&redis, wakes).await;
    }
    seen.all(&wakes).await;
    assert!(seen.counts().values().all(|times| *times == 1));
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_is_pushed_twice_while_it_waits_comes_once() {
    let server = server();
    let (redis, seen) = (client(&server, "a"), Seen::default());
    let wakes = wakes(0..20);
    redis.push(QUEUE, &wakes).await.expect("pushed");
    redis.push(QUEUE, &wakes).await.expect("pushed");
    assert_eq!(redis.room(QUEUE).await.expect("an answer"), WINDOW - wakes.len());
    seen.consume(&redis, 4, &Gate::open(), &CancellationToken::new());
    until("the queue is empty", async || redis.room(QUEUE).await.ok() == Some(WINDOW)).await;
    seen.all(&wakes).await;
    assert!(seen.counts().values().all(|times| *times == 1));
}

// proves JOB-1
#[tokio::test(flavor = "multi_thread")]
async fn only_the_hint_itself_is_in_redis() {
    let server = server();
    let redis = client(&server, "a");
    let wake = wakes(7..8)[0];
    redis.push(QUEUE, &[wake]).await.expect("pushed");
    let data: Vec<String> = ask(&server, &["HVALS", "doorward:mail:data"]).await;
    assert_eq!(data, [format!(r#"{{"job":"{}","epoch":1}}"#, wake.job)]);
    let keys: Vec<String> = ask(&server, &["KEYS", "*"]).await;
    assert!(keys.iter().all(|key| key.starts_with("doorward:mail:")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_tells_the_password() {
    let server = server();
    let wrong = server.url().replace("@", "hunter2@");
    let wrong = Redis::new(&SecretString::from(wrong), "a").expect("a URL");
    let refused = wrong.ping().await.expect_err("the password is wrong");
    let unknown = Redis::new(&SecretString::from("redis://u:hunter2@h:port"), "a").expect_err("not a URL");
    for error in [&refused, &unknown] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
    assert!(client(&server, "b").ping().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rediss_url_speaks_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let redis = Redis::new(&SecretString::from(format!("rediss://{address}")), "a").expect("a URL");
    let asked = tokio::spawn(async move { redis.ping().await });
    let (mut connection, _) =
        tokio::time::timeout(PATIENCE, listener.accept()).await.expect("in time").expect("a client");
    let mut hello = [0; 3];
    connection.read_exact(&mut hello).await.expect("its first bytes");
    assert_eq!(hello, [22, 3, 1], "the beginning of a handshake");
    drop(connection);
    // An error, not a panic for want of cryptography.
    asked.await.expect("no panic").expect_err("nobody answered");
}
