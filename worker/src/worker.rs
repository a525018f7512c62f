//! A working process.

use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use runtime::{Health, Random, Shutdown};
use storage::Stores;
use tenancy::mail::Budget;
use tenancy::{Db, queue};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::figures::{Counts, Tally};
use crate::fuse::Fuse;
use crate::keeper::Keeper;
use crate::mail::{Brand, Mailer};
use crate::registry::Registry;
use crate::relay::Relay;
use crate::runner::Runner;
use crate::settings::Settings;
use crate::transport::Transport;

/// The pause before a part that failed begins anew.
const ANEW: Duration = Duration::from_secs(1);

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
        stores: Stores,
        random: Random,
        health: Health,
    ) -> Result<Self, WorkerError> {
        Self::with(Registry::all(), db, settings, stores, random, health).await
    }

    /// A worker that knows these kinds.
    pub(crate) async fn with(
        registry: Registry,
        db: Db,
        settings: Settings,
        stores: Stores,
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
        let brand = Brand::new(&settings.public_url)
            .and_then(|brand| brand.with_app(&settings.app_url))
            .map_err(|error| WorkerError::Mail(error.to_string()))?;
        let context = Context {
            brand,
            random: random.clone(),
            db,
            stores,
            mailer,
            mail_budget: Budget { per_address: settings.mail_per_address, per_org: settings.mail_per_org },
            job_retention: settings.retention,
            signing_key_lifetime: settings.signing_key_lifetime,
            purge_page: settings.purge_page.max(1),
            fuse: Fuse::default(),
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

    /// What its jobs can use.
    #[cfg(test)]
    pub(crate) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.runner.context)
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
        let (relay, keeper) = (Arc::new(self.relay()), Arc::new(self.keeper()));
        tasks.spawn(supervise("relay", stop.clone(), move |stop| {
            let relay = Arc::clone(&relay);
            async move { relay.run(stop).await }
        }));
        tasks.spawn(supervise("keeper", stop.clone(), move |stop| {
            let keeper = Arc::clone(&keeper);
            async move { keeper.run(stop).await }
        }));
        for queue in self.runner.registry.queues() {
            let (transport, runner) = (self.transport.clone(), Arc::clone(&self.runner));
            let concurrency = self.settings.concurrency;
            tasks.spawn(supervise(queue, stop.clone(), move |stop| {
                let (transport, runner) = (transport.clone(), Arc::clone(&runner));
                let work = move |wake| {
                    let runner = Arc::clone(&runner);
                    async move { runner.work(wake).await }
                };
                async move { transport.consume(queue, concurrency, work, stop).await }
            }));
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

    /// Does what is due now, and what that asks for, each job once, and ends; sooner, if the process stops. Needs no
    /// Redis.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn drain(&self, shutdown: &Shutdown) -> Result<Tally, WorkerError> {
        let drained = async {
            self.keeper().tend().await?;
            let mut tried = HashSet::new();
            while !shutdown.is_stopping() {
                let mut wakes = vec![];
                for kind in self.runner.registry.names() {
                    // Also what has been handed to somebody else: whoever claims it first does it. What was tried and is
                    // due again waits for the next time.
                    let most = AT_A_TIME + tried.len();
                    wakes
                        .extend(queue::hand_over(&self.runner.context.db, kind, most, Duration::ZERO).await?);
                }
                wakes.retain(|wake| tried.insert(wake.job));
                if wakes.is_empty() {
                    break;
                }
                let work = wakes.into_iter().map(|wake| async move {
                    if !shutdown.is_stopping() {
                        self.runner.work(wake).await;
                    }
                });
                futures::stream::iter(work).buffer_unordered(self.settings.concurrency).collect::<()>().await;
            }
            Ok(self.runner.counts.tally())
        };
        let impatience = async {
            shutdown.stopping().await;
            tokio::time::sleep(self.settings.grace).await;
            self.runner.abandon.cancel();
            std::future::pending().await
        };
        tokio::select! {
            tally = drained => tally,
            () = impatience => Ok(self.runner.counts.tally()),
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

/// Runs a part until `stop`, and again if it fails: a mistake of ours must not end all work for good.
async fn supervise<F, Fut>(name: &'static str, stop: CancellationToken, part: F)
where
    F: Fn(CancellationToken) -> Fut,
    Fut: Future<Output = ()>,
{
    loop {
        let failed = AssertUnwindSafe(part(stop.clone())).catch_unwind().await.is_err();
        if stop.is_cancelled() {
            return;
        }
        tracing::error!(part = name, failed, "a part of the worker ended; it begins anew");
        tokio::time::sleep(ANEW).await;
    }
}
