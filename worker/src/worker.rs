//! A working process.

use std::sync::Arc;

use futures::StreamExt as _;
use runtime::{Health, Random, Shutdown};
use tenancy::mail::Budget;
use tenancy::{Db, queue};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::figures::{Counts, Tally};
use crate::keeper::Keeper;
use crate::mail::{Brand, Mailer};
use crate::registry::Registry;
use crate::relay::Relay;
use crate::runner::Runner;
use crate::settings::Settings;
use crate::transport::Transport;

/// How many jobs of a kind are taken together when draining.
const AT_A_TIME: usize = 100;

/// Does the background work of one process.
#[derive(Debug)]
pub struct Worker {
    settings: Settings,
    runner: Arc<Runner>,
    transport: Transport,
    health: Health,
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The mail settings cannot be used.
    #[error("mails cannot be sent: {0}")]
    Mail(String),
    /// The settings of Redis cannot be used.
    #[error("Redis cannot be used: {0}")]
    Redis(String),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] tenancy::Error),
}

impl Worker {
    /// Puts a worker together, and tells the store which kinds of jobs it knows.
    ///
    /// # Errors
    /// [`WorkerError`]. Neither Redis nor the mail server need to answer yet.
    pub async fn new(
        db: Db,
        settings: Settings,
        random: Random,
        health: Health,
    ) -> Result<Self, WorkerError> {
        Self::with(Registry::all(), db, settings, random, health).await
    }

    /// A worker that knows these kinds.
    pub(crate) async fn with(
        registry: Registry,
        db: Db,
        settings: Settings,
        random: Random,
        health: Health,
    ) -> Result<Self, WorkerError> {
        let mailer =
            Mailer::new(settings.mail.clone()).map_err(|error| WorkerError::Mail(error.to_string()))?;
        // Random, so that a process is never taken for the one before it.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "worker" } else { host.trim() };
        let name = format!("{host}-{:08x}", u32::from_be_bytes(random.bytes()));
        let transport = Transport::new(&settings, registry.queues(), &name)
            .map_err(|error| WorkerError::Redis(error.to_string()))?;
        queue::register(&db, &registry.kinds()).await?;
        let brand = Brand::new(&settings.public_url).map_err(|error| WorkerError::Mail(error.to_string()))?;
        let context = Context {
            brand,
            db,
            mailer,
            mail_budget: Budget { per_address: settings.mail_per_address, per_org: settings.mail_per_org },
            public_url: settings.public_url.clone(),
            job_retention: settings.retention,
        };
        let runner = Runner {
            context: Arc::new(context),
            registry,
            random,
            name,
            lease: settings.lease,
            backoff: settings.backoff,
            counts: Counts::default(),
            abandon: CancellationToken::new(),
        };
        Ok(Self { settings, runner: Arc::new(runner), transport, health })
    }

    /// How hints travel and where mails go, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let transport = match &self.transport {
            Transport::Process(_) => "in process",
            Transport::Redis(_) => "through Redis",
        };
        format!("jobs {transport}, mails {}", self.runner.context.mailer)
    }

    /// Works until the process stops. Jobs that run then may end; those that take too long are handed back.
    pub async fn run(self, shutdown: Shutdown) {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(self.relay().run(stop.clone()));
        tasks.spawn(self.keeper().run(stop.clone()));
        for queue in self.runner.registry.queues() {
            let (transport, runner, stop) = (self.transport.clone(), Arc::clone(&self.runner), stop.clone());
            let work = move |wake| {
                let runner = Arc::clone(&runner);
                async move { runner.work(wake).await }
            };
            let concurrency = self.settings.concurrency;
            tasks.spawn(async move { transport.consume(queue, concurrency, work, stop).await });
        }
        tasks.close();
        shutdown.stopping().await;
        stop.cancel();
        if tokio::time::timeout(self.settings.grace, tasks.wait()).await.is_err() {
            tracing::info!("jobs that are still running are handed back");
            self.runner.abandon.cancel();
            tasks.wait().await;
        }
    }

    /// Does what is due now, and what that asks for, and ends. Needs no Redis. What fails waits for the next time.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn drain(&self) -> Result<Tally, WorkerError> {
        self.keeper().tend().await?;
        loop {
            let mut wakes = vec![];
            for kind in self.runner.registry.names() {
                // Also what has been handed to somebody else: whoever claims it first does it.
                let now = std::time::Duration::ZERO;
                wakes.extend(queue::hand_over(&self.runner.context.db, kind, AT_A_TIME, now).await?);
            }
            if wakes.is_empty() {
                return Ok(self.runner.counts.tally());
            }
            let work = wakes.into_iter().map(|wake| self.runner.work(wake));
            futures::stream::iter(work).buffer_unordered(self.settings.concurrency).collect::<()>().await;
        }
    }

    fn relay(&self) -> Relay {
        Relay {
            db: self.runner.context.db.clone(),
            registry: self.runner.registry,
            transport: self.transport.clone(),
            again: self.settings.lease,
            health: self.health.side_part("queue"),
        }
    }

    fn keeper(&self) -> Keeper {
        Keeper {
            registry: self.runner.registry,
            transport: self.transport.clone(),
            context: Arc::clone(&self.runner.context),
            patience: self.settings.patience,
            store: self.health.side_part("jobs"),
            link: self.health.side_part("transport"),
            mail: self.health.side_part("mail"),
        }
    }
}
