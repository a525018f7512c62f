//! The installation in figures, for those who look after it.

use std::collections::BTreeMap;

use chrono::{DurationRound as _, TimeDelta};

use crate::action::platform;
use crate::decision_log::DecisionLog;
use crate::error::Result;
use crate::tx::{Authorized, Tx};
use crate::user::AccountStatus;

/// How far ahead approvals are looked for.
const SOON: TimeDelta = TimeDelta::hours(12);

/// How long after a minute all of its decisions have been written to the log.
const WRITTEN: TimeDelta = TimeDelta::seconds(5);

/// The installation in figures.
#[derive(Debug, Clone)]
pub struct Stats {
    /// People, by the status of their account; every status is there.
    pub users: BTreeMap<&'static str, i64>,
    /// Pending accounts whose trial is over within 12 hours, or is over and was not ended yet.
    pub approvals_due: i64,
    /// Organizations, by the name of their plan.
    pub organizations: BTreeMap<String, i64>,
    /// Background work.
    pub queue: QueueFigures,
    /// Purges that wait or run.
    pub purges: i64,
    /// How many decisions were made in the last full minute, by all replicas. None if the log that would tell does not
    /// keep all of them.
    pub decisions_per_minute: Option<i64>,
}

/// Background work in figures.
#[derive(Debug, Clone)]
pub struct QueueFigures {
    /// For how many seconds the oldest job has been due that nobody has begun, paused kinds left out; none if there is
    /// none.
    pub lag_seconds: Option<f64>,
    /// Jobs that wait.
    pub pending: i64,
    /// Jobs that run.
    pub running: i64,
    /// Jobs that are done and not yet removed.
    pub done: i64,
    /// Jobs that were given up.
    pub dead: i64,
    /// Jobs that were called off and not yet removed.
    pub cancelled: i64,
}

/// Counts everything.
///
/// # Errors
/// If the store does not answer.
pub async fn stats(tx: &mut Tx, _: &Authorized<platform::ViewStats>, log: &DecisionLog) -> Result<Stats> {
    let soon = tx.now() + SOON;
    let rows = sqlx::query!(
        r#"select status, count(*) as "count!",
               count(*) filter (where status = 'pending' and approval_due_at <= $1) as "due!"
           from users group by status"#,
        soon
    )
    .fetch_all(tx.connection())
    .await?;
    let approvals_due = rows.iter().map(|row| row.due).sum();
    let count = |status: &str| rows.iter().find(|row| row.status == status).map_or(0, |row| row.count);
    let users = AccountStatus::ALL.iter().map(|status| (status.as_str(), count(status.as_str()))).collect();
    let rows = sqlx::query!(r#"select plan, count(*) as "count!" from organizations group by plan"#)
        .fetch_all(tx.connection())
        .await?;
    let organizations = rows.into_iter().map(|row| (row.plan, row.count)).collect();
    let purges = sqlx::query_scalar!(
        r#"select count(*) as "count!" from purges where state in ('waiting', 'running')"#
    )
    .fetch_one(tx.connection())
    .await?;
    let queue = queue(tx).await?;
    let decisions_per_minute = if log.stores_all() { Some(decisions(tx).await?) } else { None };
    Ok(Stats { users, approvals_due, organizations, queue, purges, decisions_per_minute })
}

/// By the clock of the store, as the queue runs.
async fn queue(tx: &mut Tx) -> Result<QueueFigures> {
    let row = sqlx::query!(
        r#"select count(*) filter (where j.state = 'pending') as "pending!",
               count(*) filter (where j.state = 'running') as "running!",
               count(*) filter (where j.state = 'done') as "done!",
               count(*) filter (where j.state = 'dead') as "dead!",
               count(*) filter (where j.state = 'cancelled') as "cancelled!",
               extract(epoch from now() - min(j.run_at) filter (
                   where j.state = 'pending' and j.run_at <= now() and k.paused_at is null))::float8 as lag_seconds
           from jobs j left join job_kinds k using (kind)"#
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(QueueFigures {
        lag_seconds: row.lag_seconds,
        pending: row.pending,
        running: row.running,
        done: row.done,
        dead: row.dead,
        cancelled: row.cancelled,
    })
}

/// Those of the last minute that is over and written.
async fn decisions(tx: &mut Tx) -> Result<i64> {
    let minute = TimeDelta::minutes(1);
    let written = tx.now() - WRITTEN;
    let to = written.duration_trunc(minute).unwrap_or(written);
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from decisions where at >= $1 and at < $2"#,
        to - minute,
        to
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(count)
}
