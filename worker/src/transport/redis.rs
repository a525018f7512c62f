//! Hints of due jobs, carried by apalis over Redis.
//!
//! Postgres knows what is due; Redis only wakes somebody up. It holds a bounded window of hints for each queue, and may
//! lose all of them: `is_blank` tells, and they are handed over again. See `docs/adr/0009-redis-wakes.md` for what
//! apalis-redis does and which setting answers it.

mod consumer;
mod error;
mod link;
mod queue;
mod ticks;

#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::SecretString;
use tenancy::queue::Wake;
use tokio_util::sync::CancellationToken;

use self::consumer::Consumer;
pub(crate) use self::error::TransportError;
use self::link::Link;
use self::queue::Queue;

/// How many hints of a queue wait in Redis at most, except that relays who look at once may each fill it. apalis moves
/// all that waits in one Lua call, which fails for ever from about 8 000 on.
pub(crate) const WINDOW: usize = 500;

/// With more than this, a queue is emptied: many relays that filled it at once come near to what apalis can move.
const OVERFLOW: usize = 4_000;

/// What all our keys begin with.
const PREFIX: &str = "doorward:";

/// Set once everything has been handed over to a Redis that had nothing.
const MARKER: &str = "doorward:handed-over";

/// How long somebody may take to hand everything over again.
const REFILL: Duration = Duration::from_secs(3600);

/// How long `/readyz` waits for Redis.
const PATIENCE: Duration = Duration::from_secs(1);

/// A Redis that carries hints. Connects when it is first needed, and again after every failure. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Redis {
    link: Link,
    /// Names this process among all that share the Redis.
    instance: String,
}

impl Redis {
    /// Connects to nothing yet. `instance` must be unique among all processes that ever share the Redis: apalis refuses
    /// a name that was in use a moment ago.
    ///
    /// # Errors
    /// The URL is none that Redis clients understand.
    pub(crate) fn new(url: &SecretString, instance: &str) -> Result<Self, TransportError> {
        Ok(Self { link: Link::new(url)?, instance: instance.to_owned() })
    }

    /// How many more hints the queue takes now, 0 to [`WINDOW`].
    ///
    /// # Errors
    /// Redis does not answer.
    pub(crate) async fn room(&self, queue: &'static str) -> Result<usize, TransportError> {
        let (link, name) = (&mut self.link.clone(), queue);
        let queue = Queue::new(queue);
        let waiting = queue.waiting(link).await?;
        if waiting > OVERFLOW {
            tracing::warn!(
                queue = name,
                waiting,
                "too many hints for apalis: they are dropped and handed over anew"
            );
            queue.clear(link, MARKER).await?;
            return Ok(0);
        }
        Ok(WINDOW.saturating_sub(waiting))
    }

    /// Puts hints into the queue; one that is in there already is left as it is.
    ///
    /// # Errors
    /// Redis does not answer: some may be in the queue, some not. Pushing them again does no harm.
    pub(crate) async fn push(&self, queue: &'static str, wakes: &[Wake]) -> Result<(), TransportError> {
        Queue::new(queue).push(&mut self.link.clone(), wakes).await
    }

    /// Whether Redis has come, or come back, without its data: everything that is due has to be handed over again.
    /// Stays true, for every process that asks, until one of them has done so and called [`Redis::mark`].
    ///
    /// # Errors
    /// Redis does not answer.
    pub(crate) async fn is_blank(&self) -> Result<bool, TransportError> {
        let mut ask = ::redis::cmd("EVAL");
        ask.arg(include_str!("redis/is_blank.lua"))
            .arg(2)
            .arg(MARKER)
            .arg(self.refill())
            .arg(REFILL.as_secs());
        Ok(ask.query_async(&mut self.link.clone()).await?)
    }

    /// Says that everything has been handed over since [`Redis::is_blank`] said that it has to be. Nothing happens if
    /// Redis has lost its data since.
    ///
    /// # Errors
    /// Redis does not answer.
    pub(crate) async fn mark(&self) -> Result<(), TransportError> {
        let mut ask = ::redis::cmd("EVAL");
        ask.arg(include_str!("redis/mark.lua")).arg(2).arg(MARKER).arg(self.refill()).arg(&self.instance);
        Ok(ask.query_async(&mut self.link.clone()).await?)
    }

    /// Tells this process' refill from others'. Redis loses it together with everything else.
    fn refill(&self) -> String {
        format!("{PREFIX}refill:{}", self.instance)
    }

    /// Takes hints out of the queue and calls `work` for each, at most `concurrency` at a time, until `stop`. Whatever
    /// happens to Redis it goes on; work that runs meanwhile runs to its end. Returns when all work has ended.
    ///
    /// Hints may come twice, and late. One whose work panics counts as worked.
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
        Consumer::new(self, queue, concurrency, stop).run(work).await;
    }

    /// Forgets hints that have been worked. To be called every few seconds from one place: nothing else does it.
    ///
    /// # Errors
    /// Redis does not answer.
    pub(crate) async fn trim(&self, queue: &'static str) -> Result<(), TransportError> {
        Queue::new(queue).trim(&mut self.link.clone()).await
    }

    /// Asks Redis whether it is there, and waits for one second at most.
    ///
    /// # Errors
    /// It is not.
    pub(crate) async fn ping(&self) -> Result<(), TransportError> {
        let ping = ::redis::cmd("PING");
        let mut link = self.link.clone();
        let answer = tokio::time::timeout(PATIENCE, ping.query_async::<String>(&mut link)).await;
        answer.map_err(|_| TransportError::Silent)??;
        Ok(())
    }
}
