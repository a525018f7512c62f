//! What has to be done again and again: schedules, abandoned jobs, and figures.

use std::sync::Arc;
use std::time::Duration;

use runtime::health::Part;
use tenancy::queue::{self, Rescued};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::registry::Registry;
use crate::transport::Transport;

/// The pause between looks at schedules and abandoned jobs.
const OFTEN: Duration = Duration::from_secs(1);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between what costs more or is less urgent.
const SELDOM: Duration = Duration::from_secs(5);

/// Keeps the queue going.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) registry: Registry,
    pub(crate) transport: Transport,
    pub(crate) context: Arc<Context>,
    pub(crate) patience: Duration,
    /// How the store is.
    pub(crate) store: Part,
    /// How the transport is.
    pub(crate) link: Part,
    /// How the mail server is.
    pub(crate) mail: Part,
}

impl Keeper {
    /// Works until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        tokio::join!(self.tend_often(&stop), self.tidy_seldom(&stop));
    }

    async fn tend_often(&self, stop: &CancellationToken) {
        loop {
            match tokio::time::timeout(PATIENCE, self.tend()).await {
                Ok(Ok(())) => self.store.ready(),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the queue was not looked after");
                    self.store.degraded("the store does not answer");
                }
                Err(_) => self.store.degraded("the store does not answer in time"),
            }
            if pause(OFTEN, stop).await.is_none() {
                return;
            }
        }
    }

    async fn tidy_seldom(&self, stop: &CancellationToken) {
        loop {
            if let Err(error) = self.tidy().await {
                tracing::debug!(error, "the queue was not tidied");
            }
            match self.transport.ping().await {
                Ok(()) => self.link.ready(),
                Err(error) => self.link.degraded(format!("jobs wait in the store: {error}")),
            }
            match self.context.mailer.check().await {
                Ok(()) => self.mail.ready(),
                Err(error) => self.mail.degraded(error.to_string()),
            }
            if pause(SELDOM, stop).await.is_none() {
                return;
            }
        }
    }

    /// Takes the slots that are due, and looks after what others left behind.
    pub(crate) async fn tend(&self) -> tenancy::Result<()> {
        for schedule in self.registry.schedules() {
            if queue::take_slot(&self.context.db, &schedule).await? {
                tracing::debug!(kind = schedule.kind, "a slot was taken");
            }
        }
        let rescued = queue::rescue(&self.context.db, self.patience).await?;
        if rescued != Rescued::default() {
            tracing::warn!(
                abandoned = rescued.abandoned,
                outlived = rescued.outlived,
                unknown = rescued.unknown,
                "jobs were rescued"
            );
        }
        Ok(())
    }

    async fn tidy(&self) -> Result<(), String> {
        for kind in queue::figures(&self.context.db).await.map_err(|error| error.to_string())? {
            metrics::gauge!("doorward_job_lag_seconds", "kind" => kind.name.clone())
                .set(kind.lag.as_secs_f64());
            metrics::gauge!("doorward_jobs_dead", "kind" => kind.name).set(kind.dead as f64);
        }
        for queue in self.registry.queues() {
            self.transport.trim(queue).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// Waits; none when it is time to stop.
async fn pause(length: Duration, stop: &CancellationToken) -> Option<()> {
    tokio::select! {
        () = stop.cancelled() => None,
        () = tokio::time::sleep(length) => Some(()),
    }
}
