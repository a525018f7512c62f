//! On a Redis of their own each, which they may ruin.

mod carrying;
mod leaving;
mod outages;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::FromRedisValue;
use ::redis::aio::MultiplexedConnection;
use secrecy::SecretString;
use tenancy::queue::Wake;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, block_in_place};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Redis;

/// The queue of most tests.
const QUEUE: &str = "mail";

/// Longer than anything takes on a busy machine, and less than it takes until a worker counts as dead.
const PATIENCE: Duration = Duration::from_secs(12);

fn server() -> harness::Redis {
    block_in_place(harness::Redis::start).expect("a Redis")
}

fn client(server: &harness::Redis, instance: &str) -> Redis {
    Redis::new(&SecretString::from(server.url()), instance).expect("a URL")
}

/// Hints for jobs that are all different.
fn wakes(numbers: std::ops::Range<u128>) -> Vec<Wake> {
    let wake = |number| serde_json::json!({ "job": Uuid::from_u128(number), "epoch": 1 });
    numbers.map(|number| serde_json::from_value(wake(number)).expect("a hint")).collect()
}

/// Asks a question again and again until the answer is yes.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Pushes hints through the window, as a relay does, in spite of whatever happens to Redis.
async fn push(redis: &Redis, wakes: &[Wake]) {
    let mut left = wakes;
    until("the hints are pushed", async || {
        let Ok(room) = redis.room(QUEUE).await else { return false };
        let (now, later) = left.split_at(room.min(left.len()));
        if redis.push(QUEUE, now).await.is_ok() {
            left = later;
        }
        left.is_empty()
    })
    .await;
}

/// Asks Redis itself.
async fn ask<T: FromRedisValue>(server: &harness::Redis, words: &[&str]) -> T {
    let client = ::redis::Client::open(server.url()).expect("a URL");
    let mut connection: MultiplexedConnection =
        client.get_multiplexed_async_connection().await.expect("a connection");
    let mut command = ::redis::Cmd::new();
    command.arg(words).query_async(&mut connection).await.expect("an answer")
}

/// The names of the workers that Redis knows.
async fn workers(server: &harness::Redis) -> Vec<String> {
    ask(server, &["ZRANGE", "doorward:mail:workers", "0", "-1"]).await
}

/// A consumer, and what it has been told.
#[derive(Clone, Default)]
struct Seen {
    counts: Arc<Mutex<HashMap<Wake, usize>>>,
    running: Arc<Mutex<Running>>,
}

#[derive(Default, Debug, Clone, Copy)]
struct Running {
    now: usize,
    most: usize,
    ended: usize,
}

/// Where work waits until the test lets it go on; open from the beginning unless it is [`Gate::shut`].
#[derive(Clone)]
struct Gate(Arc<Semaphore>);

impl Gate {
    fn open() -> Self {
        Self(Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)))
    }

    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    fn release(&self) {
        self.0.add_permits(100_000);
    }
}

impl Seen {
    fn running(&self) -> Running {
        *self.running.lock().expect("no panic")
    }

    /// How often each hint came.
    fn counts(&self) -> HashMap<Wake, usize> {
        self.counts.lock().expect("no panic").clone()
    }

    /// Waits until each of these has come.
    async fn all(&self, wakes: &[Wake]) {
        until(&format!("{} hints come", wakes.len()), async || {
            let counts = self.counts.lock().expect("no panic");
            wakes.iter().all(|wake| counts.contains_key(wake))
        })
        .await;
    }

    async fn work(self, wake: Wake, gate: Gate) {
        *self.counts.lock().expect("no panic").entry(wake).or_default() += 1;
        {
            let mut running = self.running.lock().expect("no panic");
            running.now += 1;
            running.most = running.most.max(running.now);
        }
        gate.0.acquire().await.expect("never closed").forget();
        let mut running = self.running.lock().expect("no panic");
        running.now -= 1;
        running.ended += 1;
    }

    /// Starts a consumer.
    fn consume(
        &self,
        redis: &Redis,
        concurrency: usize,
        gate: &Gate,
        stop: &CancellationToken,
    ) -> JoinHandle<()> {
        let (redis, seen, gate, stop) = (redis.clone(), self.clone(), gate.clone(), stop.clone());
        tokio::spawn(async move {
            let work = move |wake| seen.clone().work(wake, gate.clone());
            redis.consume(QUEUE, concurrency, work, stop).await;
        })
    }
}
