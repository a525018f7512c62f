//! How a process stops: everybody hears of it, and is waited for.

use std::{future::Future, process, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Error;

/// What a shell reports for a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// The wish to stop, and the tasks that have to end first. Clones are the same wish.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// A process that is not asked to stop.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets SIGINT and SIGTERM begin the stop. A second signal ends the process at once, with code 130.
    ///
    /// # Errors
    ///
    /// [`Error::Signals`] when the operating system refuses.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn listen(&self) -> Result<(), Error> {
        let mut signals = Signals::new()?;
        let shutdown = self.clone();
        // Not tracked: it waits for signals for as long as the process lives.
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!("stopping; a second signal stops at once");
            shutdown.begin();
            signals.next().await;
            tracing::warn!("stopped at once by a second signal");
            leave_at_once();
        });
        Ok(())
    }

    /// Begins the stop.
    pub fn begin(&self) {
        self.stop.cancel();
    }

    /// Whether the stop has begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the stop begins.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Runs a task that [`Shutdown::finish`] waits for. The task itself has to watch [`Shutdown::stopping`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Begins the stop if it has not begun, and waits until all tasks have ended, at most for `bound`.
    ///
    /// # Errors
    ///
    /// [`Error::StillRunning`] when some have not. They go on running; the caller is expected to leave.
    pub async fn finish(&self, bound: Duration) -> Result<(), Error> {
        self.begin();
        self.tasks.close();
        tokio::time::timeout(bound, self.tasks.wait())
            .await
            .map_err(|_| Error::StillRunning { tasks: self.tasks.len(), bound })
    }
}

#[allow(clippy::disallowed_methods, reason = "closing what is held is what takes too long")]
fn leave_at_once() -> ! {
    process::exit(INTERRUPTED)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(Error::Signals)?,
            terminate: signal(SignalKind::terminate()).map_err(Error::Signals)?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, Error> {
        tokio::signal::windows::ctrl_c().map(Self).map_err(Error::Signals)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    // proves OPS-3
    #[tokio::test]
    async fn tasks_hear_of_the_stop_and_are_waited_for() {
        let shutdown = Shutdown::new();
        let task = shutdown.clone();
        let ended = shutdown.spawn(async move {
            task.stopping().await;
            "written"
        });
        assert!(!shutdown.is_stopping());
        shutdown.finish(LONG).await.unwrap();
        assert!(shutdown.is_stopping());
        assert!(ended.is_finished());
        assert_eq!(ended.await.unwrap(), "written");
    }

    // proves OPS-3
    #[tokio::test]
    async fn a_task_that_does_not_end_is_named_by_count_after_the_bound() {
        let shutdown = Shutdown::new();
        let _stuck = shutdown.spawn(std::future::pending::<()>());
        let error = shutdown.finish(Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "1 tasks were still running after 1ms");
    }
}
