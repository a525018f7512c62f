//! Hands hints of due jobs to the transport.

use std::time::Duration;

use runtime::health::Part;
use tenancy::{Db, queue};
use tokio_util::sync::CancellationToken;

use crate::registry::Registry;
use crate::transport::{Transport, WINDOW};

/// How often the store is asked when nothing is announced: also how late a job starts that was enqueued for later.
const IDLE: Duration = Duration::from_secs(1);
/// How soon it is asked again while the transport is full.
const BUSY: Duration = Duration::from_millis(20);
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
    /// The transport takes no more for now.
    Something,
}

impl Relay {
    /// Works until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.db.jobs_due(), if pause == IDLE => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = match self.round().await {
                Ok(Left::Nothing) => {
                    self.health.ready();
                    IDLE
                }
                Ok(Left::Something) => {
                    self.health.ready();
                    BUSY
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
        let mut left = Left::Nothing;
        for queue in self.registry.queues() {
            if self.fill(queue).await? == Left::Something {
                left = Left::Something;
            }
        }
        Ok(left)
    }

    /// Hands over what is due in a queue, as far as there is room.
    async fn fill(&self, queue: &'static str) -> Result<Left, String> {
        let mut room = self.transport.room(queue).await.map_err(|error| error.to_string())?;
        for kind in self.registry.in_queue(queue) {
            loop {
                if room == 0 {
                    return Ok(Left::Something);
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
                room = room.saturating_sub(wakes.len());
            }
        }
        Ok(Left::Nothing)
    }
}
