use std::time::Duration;

use crate::db::Db;
use crate::error::Result;

/// A kind of job as a worker knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name.
    pub name: &'static str,
    /// The queue in which it waits for a free place.
    pub queue: &'static str,
    /// How often it is tried.
    pub attempts: i32,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long it is tried, counted from when it became due.
    pub lifetime: Duration,
    /// How often it runs by itself.
    pub every: Option<Duration>,
}

/// Tells the store which kinds there are. The last worker that starts is right; whether a kind is paused stays as it is.
///
/// # Errors
/// If the store does not answer.
pub async fn register(db: &Db, kinds: &[Kind]) -> Result<()> {
    let mut tx = db.pool().begin().await?;
    for kind in kinds {
        sqlx::query!(
            "insert into job_kinds (kind, queue, attempts, timeout_seconds, lifetime_seconds, every_seconds)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (kind) do update set queue = $2, attempts = $3, timeout_seconds = $4,
                 lifetime_seconds = $5, every_seconds = $6",
            kind.name,
            kind.queue,
            kind.attempts,
            seconds(kind.timeout) as i32,
            seconds(kind.lifetime),
            kind.every.map(|every| seconds(every) as i32),
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whole seconds, at least one.
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX).max(1)
}
