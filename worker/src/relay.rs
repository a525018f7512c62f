//! Hands hints of due jobs to the transport.

use std::time::Duration;

use runtime::health::Part;
use tenancy::{Db, queue};
use tokio_util::sync::CancellationToken;

use crate::registry::Registry;
use crate::transport::{Transport, WINDOW};

/// How often the store is asked when nothing is announced: also how late a job starts that was enqueued for later.
const IDLE: Duration = Duration::from_secs(1);
/// How soon it is asked again while the transport is full: at first, and while it stays full.
const BUSY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// How long all of it may take once.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause after a failure.
const TROUBLE: Duration = Duration::from_millis(500);

/// Moves hints from the store to the transport.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) db: Db,
    pub(crate) registry: Registry,
    pub(crate) transport: Transport,
    /// When a hint counts as lost.
    pub(crate) again: Duration,
    /// How the transport is.
    pub(crate) health: Part,
}

/// What there is left to hand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// More than the transport takes for now, which has taken some.
    Something,
    /// More than the transport takes for now, which has taken none.
    Everything,
}

impl Relay {
    /// Works until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.db.jobs_due(), if pause == IDLE => {}
                () = tokio::time::sleep(pause) => {}
            }
            let round = tokio::time::timeout(PATIENCE, self.round()).await;
            pause = match round.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}"))) {
                Ok(left) => {
                    self.health.ready();
                    match left {
                        Left::Nothing => IDLE,
                        Left::Something => BUSY.0,
                        // Jobs that take their time: no use in asking so often.
                        Left::Everything => (pause * 2).clamp(BUSY.0, BUSY.1),
                    }
                }
                Err(why) => {
                    self.health.degraded(why);
                    TROUBLE
                }
            };
        }
    }

    async fn round(&self) -> Result<Left, String> {
        if self.transport.is_blank().await.map_err(|error| error.to_string())? {
            let count = queue::hand_over_again(&self.db).await.map_err(|error| error.to_string())?;
            // Only now: who dies before has told nobody that it is done.
            self.transport.mark().await.map_err(|error| error.to_string())?;
            if count > 0 {
                tracing::info!(count, "waiting jobs are handed over again");
            }
        }
        let (mut left, mut handed, mut failure) = (Left::Nothing, 0, None);
        for queue in self.registry.queues() {
            match self.fill(queue).await {
                Ok((count, Left::Nothing)) => handed += count,
                Ok((count, _)) => {
                    handed += count;
                    left = Left::Everything;
                }
                // One queue must not hold the others up.
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None if left == Left::Everything && handed > 0 => Ok(Left::Something),
            None => Ok(left),
        }
    }

    /// Hands over what is due in a queue, as far as there is room. Tells how much that was.
    async fn fill(&self, queue: &'static str) -> Result<(usize, Left), String> {
        let mut handed = 0;
        let mut room = self.transport.room(queue).await.map_err(|error| error.to_string())?;
        for kind in self.registry.in_queue(queue) {
            loop {
                if room == 0 {
                    return Ok((handed, Left::Everything));
                }
                let wakes = queue::hand_over(&self.db, kind, room.min(WINDOW), self.again)
                    .await
                    .map_err(|error| error.to_string())?;
                if wakes.is_empty() {
                    break;
                }
                if let Err(error) = self.transport.push(queue, &wakes).await {
                    if let Err(error) = queue::take_back(&self.db, &wakes).await {
                        tracing::warn!(%error, "hints that were not taken are given again later");
                    }
                    return Err(error.to_string());
                }
                handed += wakes.len();
                room = room.saturating_sub(wakes.len());
            }
        }
        Ok((handed, Left::Nothing))
    }
}
