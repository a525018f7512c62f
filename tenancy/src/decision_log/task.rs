//! The task that writes the log while a process serves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::writer::Writer;
use super::{DecisionLog, Shared};
use crate::db::Db;

/// How long an entry waits, unless the buffer is half full before.
const PACE: Duration = Duration::from_millis(200);

/// How long to wait at most when the store does not take them.
const SLOWEST: Duration = Duration::from_secs(5);

/// How often old days are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// The running task, if there is a log.
#[derive(Debug)]
pub struct LogTask(Option<Running>);

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
}

/// Entries that a stop has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} decisions were not logged")]
pub struct Unwritten(pub usize);

impl LogTask {
    /// Begins to write the log of a store, if it has one.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start(db: &Db) -> Self {
        let DecisionLog(shared) = db.log();
        Self(shared.as_ref().map(|shared| {
            let (stop, stopped) = oneshot::channel();
            let writer = Writer::new(db, Arc::clone(shared));
            Running { stop, task: tokio::spawn(run(writer, stopped)), shared: Arc::clone(shared) }
        }))
    }

    /// Writes what is left, for at most so long, and ends. Whoever records decisions should have ended before.
    ///
    /// # Errors
    /// [`Unwritten`] tells how many entries are lost.
    pub async fn finish(self, bound: Duration) -> Result<(), Unwritten> {
        let Some(Running { stop, mut task, shared }) = self.0 else { return Ok(()) };
        // Nobody listens any more only if the task is gone, and then there is nothing to wait for.
        let _ = stop.send(());
        if tokio::time::timeout(bound, &mut task).await.is_err() {
            task.abort();
        }
        match shared.buffer.len() {
            0 => Ok(()),
            lost => {
                shared.counters.dropped(lost);
                Err(Unwritten(lost))
            }
        }
    }
}

/// Writes until it is told to stop.
async fn run(mut writer: Writer, mut stopped: oneshot::Receiver<()>) {
    let mut pace = PACE;
    let mut forgot: Option<Instant> = None;
    loop {
        let is_over = tokio::select! {
            _ = &mut stopped => true,
            () = writer.half_full(), if pace == PACE => false,
            () = tokio::time::sleep(pace) => false,
        };
        match writer.flush().await {
            Ok(_) => {
                if pace != PACE {
                    tracing::info!("decisions are logged again");
                }
                pace = PACE;
            }
            Err(error) => {
                if pace == PACE {
                    tracing::warn!(%error, waiting = writer.waiting(), "decisions cannot be logged; trying on");
                }
                pace = (pace * 2).min(SLOWEST);
            }
        }
        if is_over {
            return;
        }
        if pace == PACE && forgot.is_none_or(|last| last.elapsed() >= FORGET) {
            match writer.forget().await {
                Ok(0) => {}
                Ok(days) => tracing::info!(days, "old decisions were forgotten"),
                Err(error) => {
                    tracing::warn!(%error, "old decisions could not be forgotten; trying in an hour")
                }
            }
            forgot = Some(Instant::now());
        }
    }
}
