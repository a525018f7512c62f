use std::time::Duration;

use crate::db::Db;
use crate::error::Result;

/// How a kind of job is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The kind.
    pub name: String,
    /// How long the oldest job has been due that nobody has begun; zero where none is, or the kind is paused.
    pub lag: Duration,
    /// How many dead letters there are.
    pub dead: i64,
}

/// Figures of all kinds that a worker knows.
///
/// # Errors
/// If the store does not answer.
pub async fn figures(db: &Db) -> Result<Vec<Figures>> {
    let rows = sqlx::query!(
        r#"select k.kind,
               coalesce(extract(epoch from now() - (
                   select min(j.run_at) from jobs j where j.kind = k.kind and j.state = 'pending' and j.run_at <= now()
                     and k.paused_at is null
               )), 0)::float8 as "lag!",
               (select count(*) from jobs j where j.kind = k.kind and j.state = 'dead') as "dead!"
           from job_kinds k"#
    )
    .fetch_all(db.pool())
    .await?;
    let figures = rows.into_iter().map(|row| Figures {
        name: row.kind,
        lag: Duration::try_from_secs_f64(row.lag).unwrap_or_default(),
        dead: row.dead,
    });
    Ok(figures.collect())
}
