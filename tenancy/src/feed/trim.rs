//! Removes what the change feed has told long ago.

use std::time::Duration;

use sqlx::postgres::PgPool;
use tokio::sync::oneshot;

use crate::db::Db;
use crate::error::Result;

/// How often old changes are removed.
const EVERY: Duration = Duration::from_secs(60);
/// How long a change is kept at least. Who was away for longer starts anew.
const KEEP: Duration = Duration::from_secs(300);

/// Removes old changes once in a while, until `stopped`.
pub(crate) async fn regularly(pool: PgPool, mut stopped: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = pool.close_event() => return,
            _ = &mut stopped => return,
        }
        if let Err(error) = trim(&pool, KEEP).await {
            tracing::warn!(%error, "old changes cannot be removed from the feed");
        }
    }
}

/// Removes changes of transactions that had been over for a while: in two steps, a time apart, so that the time is
/// counted from when the last of them was over, however long it took.
async fn trim(pool: &PgPool, keep: Duration) -> Result<()> {
    let mut transaction = pool.begin().await?;
    // A dump that was restored here brought the numbers of another server.
    sqlx::query!(
        "update change_trim
         set below = '0', next = pg_snapshot_xmin(pg_current_snapshot()), next_at = clock_timestamp()
         where next > pg_snapshot_xmax(pg_current_snapshot())"
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from changes where xid >= pg_snapshot_xmax(pg_current_snapshot())")
        .execute(&mut *transaction)
        .await?;
    let is_due = sqlx::query_scalar!(
        r#"select true as "due!" from change_trim where next_at <= clock_timestamp() - make_interval(secs => $1)
           for update skip locked"#,
        keep.as_secs_f64(),
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if is_due.is_some() {
        sqlx::query!("delete from changes where xid < (select next from change_trim)")
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "update change_trim
             set below = next, next = pg_snapshot_xmin(pg_current_snapshot()), next_at = clock_timestamp()"
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

impl Db {
    /// Removes what the change feed has told for at least so long. Every process does it by itself, once a minute for
    /// what is five minutes old.
    ///
    /// # Errors
    /// [`Error::Store`]
    pub async fn trim_changes(&self, keep: Duration) -> Result<()> {
        trim(self.pool(), keep).await
    }
}
