//! Tests of a whole worker on a real Postgres, with kinds of jobs of their own.

mod drain;
mod purge;
mod redis;
mod run;
mod stop;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authz::Live;
use runtime::{Clock, Health, Random, Shutdown};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use storage::{Reach, Store, Stores};
use tenancy::queue::Claim;
use tenancy::{Db, Job, Request, Tx};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::context::Context;
use crate::failure::Failure;
use crate::mail;
use crate::registry::{Entry, Registry, Work, entry};
use crate::settings::Settings;
use crate::worker::Worker;

/// What a job of the tests does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Enqueues an `Effect`, so that there is something to see.
    Succeed,
    /// Fails until this attempt, then succeeds.
    FailUntil(i32),
    /// Fails for good.
    Refuse,
    /// Panics.
    Panic,
    /// Takes so many milliseconds.
    Take(u64),
    /// Never ends.
    Hang,
    /// Says that it must wait.
    Postpone,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Try {
    pub(crate) act: Act,
}

impl Job for Try {
    const KIND: &'static str = "try";
}

/// What is left of a job that was done; nobody does these.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Effect {
    by: tenancy::JobId,
}

impl Job for Effect {
    const KIND: &'static str = "effect";
}

/// How many are running now, and the most there were.
pub(crate) static RUNNING: Mutex<(usize, usize)> = Mutex::new((0, 0));

struct Counted;

impl Counted {
    fn new() -> Self {
        let mut running = RUNNING.lock().unwrap();
        running.0 += 1;
        running.1 = running.1.max(running.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.lock().unwrap().0 -= 1;
    }
}

impl Work for Try {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let _counted = Counted::new();
        match self.act {
            Act::Succeed => {}
            Act::FailUntil(attempt) if claim.attempt < attempt => {
                return Err(Failure::Failed(format!("attempt {} fails", claim.attempt)));
            }
            Act::FailUntil(_) => {}
            Act::Refuse => return Err(Failure::Hopeless("never".into())),
            Act::Panic => panic!("on purpose"),
            Act::Take(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Act::Hang => std::future::pending().await,
            Act::Postpone => {
                return Err(Failure::Postponed { why: "not yet".into(), after: Duration::from_secs(60) });
            }
        }
        let mut tx = context.begin(claim).await?;
        tx.enqueue(&Effect { by: claim.id }).await?;
        Ok(tx)
    }
}

const SECOND: Duration = Duration::from_secs(1);

static TRIES: &[Entry] = &[entry::<Try>("default", 3, SECOND, Duration::from_secs(3600))];
/// As [`TRIES`], with more time for each.
static LONG_TRIES: &[Entry] =
    &[entry::<Try>("default", 3, Duration::from_secs(600), Duration::from_secs(3600))];

pub(crate) struct World {
    pub(crate) database: Arc<harness::Database>,
    pub(crate) db: Db,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) redis_url: Option<SecretString>,
    pub(crate) lease: Duration,
    pub(crate) grace: Duration,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    /// With this clock for all but the queue.
    pub(crate) async fn at(clock: Clock) -> Self {
        let database = spawn_blocking(|| harness::database("empty", |_| Ok(()))).await.unwrap().unwrap();
        let db = connect_at(&database.url, clock).await;
        db.migrate().await.unwrap();
        Self {
            database: Arc::new(database),
            db,
            folder: tempfile::tempdir().unwrap(),
            redis_url: None,
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(30),
        }
    }

    pub(crate) async fn worker(&self, registry: &'static [Entry]) -> Worker {
        self.worker_on(self.db.clone(), registry).await
    }

    pub(crate) async fn worker_on(&self, db: Db, registry: &'static [Entry]) -> Worker {
        let default = Store::folder(&self.folder.path().join("objects")).unwrap();
        let stores = Stores::new(default, Reach::Anywhere).unwrap();
        self.worker_with(db, Registry::of(registry), stores, 1_000).await
    }

    /// A worker with these stores, whose purges erase so much at a time.
    pub(crate) async fn worker_with(
        &self,
        db: Db,
        registry: Registry,
        stores: Stores,
        purge_page: usize,
    ) -> Worker {
        let settings = Settings {
            redis_url: self.redis_url.clone(),
            mail: mail::Settings {
                smtp_url: None,
                from: "doorward@localhost".into(),
                folder: self.folder.path().join("mail"),
                public_url: "http://localhost".into(),
                bound: SECOND,
                authorities: vec![],
            },
            mail_per_address: "100/1h".parse().unwrap(),
            mail_per_org: "100/1h".parse().unwrap(),
            public_url: "http://localhost".into(),
            app_url: "http://localhost".into(),
            concurrency: 4,
            lease: self.lease,
            backoff: Duration::from_millis(100),
            retention: Duration::from_secs(3600),
            signing_key_lifetime: Duration::from_secs(24 * 3600),
            purge_page,
            grace: self.grace,
            patience: Duration::from_secs(600),
        };
        let health = Health::new(Clock::system());
        Worker::with(registry, db, settings, stores, Random::system(), health).await.unwrap()
    }

    /// A worker that works on, and what stops it.
    pub(crate) async fn start(&self, registry: &'static [Entry]) -> (Shutdown, JoinHandle<()>) {
        let (worker, shutdown) = (self.worker(registry).await, Shutdown::new());
        let running = tokio::spawn(worker.run(shutdown.clone()));
        (shutdown, running)
    }

    pub(crate) async fn enqueue(&self, act: Act) -> tenancy::JobId {
        let mut tx = self.db.begin(Request::default()).await.unwrap();
        let id = tx.enqueue(&Try { act }).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn sql(&self, script: &str) -> String {
        let (database, script) = (Arc::clone(&self.database), script.to_owned());
        spawn_blocking(move || database.run(&script)).await.unwrap().unwrap()
    }

    /// Waits until the store answers so.
    pub(crate) async fn until(&self, script: &str, answer: &str) {
        let started = Instant::now();
        loop {
            let said = self.sql(script).await;
            if said == answer {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{script}: {said}, not {answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) async fn connect(url: &str) -> Db {
    connect_at(url, Clock::system()).await
}

async fn connect_at(url: &str, clock: Clock) -> Db {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let live = Live::open(&policies, tenancy::ACTIONS, Clock::system()).unwrap();
    Db::connect(&url.into(), 12, live, clock, Random::system()).await.unwrap()
}
