//! Hears what other processes announce in the store. The tables are the truth: a lost announcement costs no more than
//! the time until somebody looks by themselves.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, oneshot};

/// The pause before listening is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Told by triggers on tables of facts.
const CHANGES: &str = "doorward_changes";
/// Told by the trigger on `jobs`.
const JOBS: &str = "doorward_jobs";

/// What there is to hear.
#[derive(Debug)]
pub(crate) struct Announcements {
    /// Facts have changed.
    pub(crate) changes: Arc<Notify>,
    /// Ends the listening when it is dropped.
    _running: oneshot::Sender<()>,
}

impl Announcements {
    /// Begins to listen, if there is a connection for it. Without one, only this process itself tells, by `jobs`.
    pub(crate) fn listen(pool: Option<PgPool>, jobs: Arc<Notify>) -> Self {
        let (running, stopped) = oneshot::channel();
        let changes = Arc::new(Notify::new());
        if let Some(pool) = pool {
            tokio::spawn(listen(pool, Arc::clone(&changes), jobs, stopped));
        }
        Self { changes, _running: running }
    }
}

async fn listen(pool: PgPool, changes: Arc<Notify>, jobs: Arc<Notify>, mut stopped: oneshot::Receiver<()>) {
    loop {
        let heard = tokio::select! {
            heard = hear(&pool, &changes, &jobs) => heard,
            () = pool.close_event() => return,
            _ = &mut stopped => return,
        };
        if let Err(error) = heard {
            tracing::debug!(%error, "not listening to the store");
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT) => {}
            () = pool.close_event() => return,
            _ = &mut stopped => return,
        }
    }
}

async fn hear(pool: &PgPool, changes: &Notify, jobs: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([CHANGES, JOBS]).await?;
    loop {
        match listener.recv().await?.channel() {
            CHANGES => changes.notify_one(),
            _ => jobs.notify_one(),
        }
    }
}
