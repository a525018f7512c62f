//! The queue: who runs what, once, whoever dies.

mod budget;
mod claim;
mod ending;
mod handover;
mod rescue;
mod schedule;
mod trial;
mod trim;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenancy::queue::{self, Claim, Kind};
use tenancy::{Db, Job, JobId};

use crate::support::{World, request};

pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A kind with three attempts, which may take an hour.
pub(super) const GREET: Kind = Kind {
    name: "greet",
    queue: "default",
    attempts: 3,
    timeout: MINUTE,
    lifetime: Duration::from_secs(3600),
    every: None,
};

#[derive(Serialize, Deserialize)]
pub(super) struct Greet {
    pub(super) key: Option<String>,
}

impl Job for Greet {
    const KIND: &'static str = "greet";

    fn unique_key(&self) -> Option<String> {
        self.key.clone()
    }
}

/// A world whose workers know [`GREET`].
pub(super) async fn world() -> World {
    let world = World::empty().await;
    queue::register(&world.db, &[GREET]).await.expect("registered");
    world
}

pub(super) async fn enqueue(db: &Db, key: Option<&str>) -> Option<JobId> {
    let mut tx = db.begin(request()).await.expect("a transaction");
    let id = tx.enqueue(&Greet { key: key.map(str::to_owned) }).await.expect("an answer");
    tx.commit().await.expect("committed");
    id
}

/// What is due, claimed by a worker of this name; none if nothing is.
pub(super) async fn take(db: &Db, worker: &str) -> Option<Claim> {
    let wakes = queue::hand_over(db, "greet", 1, Duration::ZERO).await.expect("an answer");
    queue::claim(db, *wakes.first()?, &["greet"], worker, LEASE).await.expect("an answer")
}

/// A job that is enqueued and claimed.
pub(super) async fn taken(db: &Db) -> Claim {
    enqueue(db, None).await.expect("a new job");
    take(db, "w1").await.expect("a claim")
}

/// Makes a moment of all jobs lie in the past.
pub(super) async fn let_pass(world: &World, column: &str) {
    world
        .sql(&format!("update jobs set {column} = now() - interval '1 second' where {column} is not null"))
        .await;
}
