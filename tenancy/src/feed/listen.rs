//! Hears of changes that other processes make.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, oneshot};

/// The pause before listening is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Wakes the feed when any transaction in the store announces changes, until `stopped`. The table is the truth: a lost
/// announcement costs no more than a heartbeat.
pub(crate) async fn listen(pool: PgPool, changed: Arc<Notify>, mut stopped: oneshot::Receiver<()>) {
    loop {
        let listened = tokio::select! {
            listened = announcements(&pool, &changed) => listened,
            () = pool.close_event() => return,
            _ = &mut stopped => return,
        };
        if let Err(error) = listened {
            tracing::debug!(%error, "not listening for changes");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn announcements(pool: &PgPool, changed: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("doorward_changes").await?;
    loop {
        listener.recv().await?;
        changed.notify_one();
    }
}
