//! How the hint that a job is due comes from the relay to whoever has a free place.

mod process;
mod redis;

use std::collections::BTreeSet;
use std::future::Future;

use tenancy::queue::Wake;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;

use process::Process;
use redis::Redis;
pub(crate) use redis::{TransportError, WINDOW};

/// Either of the two.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    /// Channels inside this process.
    Process(Process),
    /// apalis on Redis.
    Redis(Box<Redis>),
}

impl Transport {
    /// The one that the settings name. `instance` names this process and no other.
    pub(crate) fn new(
        settings: &Settings,
        queues: BTreeSet<&'static str>,
        instance: &str,
    ) -> Result<Self, TransportError> {
        Ok(match &settings.redis_url {
            Some(url) => Self::Redis(Box::new(Redis::new(url, instance)?)),
            None => Self::Process(Process::new(queues)),
        })
    }

    /// How many more hints a queue takes now.
    pub(crate) async fn room(&self, queue: &'static str) -> Result<usize, TransportError> {
        match self {
            Self::Process(process) => Ok(process.room(queue)),
            Self::Redis(redis) => redis.room(queue).await,
        }
    }

    /// Hands hints over.
    pub(crate) async fn push(&self, queue: &'static str, wakes: &[Wake]) -> Result<(), TransportError> {
        match self {
            Self::Process(process) => {
                process.push(queue, wakes);
                Ok(())
            }
            Self::Redis(redis) => redis.push(queue, wakes).await,
        }
    }

    /// Whether everything has to be handed over again, because the transport has forgotten it.
    pub(crate) async fn is_blank(&self) -> Result<bool, TransportError> {
        match self {
            Self::Process(process) => Ok(process.is_blank()),
            Self::Redis(redis) => redis.is_blank().await,
        }
    }

    /// Everything has been handed over again.
    pub(crate) async fn mark(&self) -> Result<(), TransportError> {
        match self {
            Self::Process(process) => {
                process.mark();
                Ok(())
            }
            Self::Redis(redis) => redis.mark().await,
        }
    }

    /// Takes hints out of a queue until `stop`, at most `concurrency` at a time, and does the work for each. Returns when
    /// the work that had begun is over.
    pub(crate) async fn consume<F, Fut>(
        &self,
        queue: &'static str,
        concurrency: usize,
        work: F,
        stop: CancellationToken,
    ) where
        F: Fn(Wake) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        match self {
            Self::Process(process) => process.consume(queue, concurrency, work, stop).await,
            Self::Redis(redis) => redis.consume(queue, concurrency, work, stop).await,
        }
    }

    /// Forgets what was done; to be called every few seconds.
    pub(crate) async fn trim(&self, queue: &'static str) -> Result<(), TransportError> {
        match self {
            Self::Process(_) => Ok(()),
            Self::Redis(redis) => redis.trim(queue).await,
        }
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), TransportError> {
        match self {
            Self::Process(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}
