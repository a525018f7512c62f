use std::time::Duration;

use crate::db::Db;
use crate::error::Result;

/// Most rows of one statement: longer ones would hold everybody else up.
const AT_A_TIME: i64 = 5_000;

/// How long taken slots are kept. The newest of each kind stays, whatever its age.
const SLOTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Done and cancelled jobs.
    pub jobs: u64,
    /// Slots of schedules.
    pub slots: u64,
    /// Mail budgets that are whole again.
    pub budgets: u64,
}

/// Removes done and cancelled jobs that ended before `retention`, and what else has served its time. Dead letters stay,
/// except those of schedules.
///
/// # Errors
/// If the store does not answer. What was removed stays removed.
pub async fn trim(db: &Db, retention: Duration) -> Result<Trimmed> {
    let mut trimmed = Trimmed::default();
    loop {
        let done = sqlx::query!(
            "delete from jobs where id in (
                 select id from jobs where (state in ('done', 'cancelled')
                     -- A later run has done the work of this one.
                     or (state = 'dead' and unique_key = 'schedule'))
                   and finished_at < now() - make_interval(secs => $1) limit $2)",
            retention.as_secs_f64(),
            AT_A_TIME,
        )
        .execute(db.pool())
        .await?;
        trimmed.jobs += done.rows_affected();
        if done.rows_affected() < AT_A_TIME as u64 {
            break;
        }
    }
    let slots = sqlx::query!(
        "delete from job_slots s where slot < now() - make_interval(secs => $1)
           and exists (select from job_slots n where n.kind = s.kind and n.slot > s.slot)",
        SLOTS.as_secs_f64(),
    );
    trimmed.slots = slots.execute(db.pool()).await?.rows_affected();
    let budgets = sqlx::query!("delete from mail_budgets where spent_until < now()");
    trimmed.budgets = budgets.execute(db.pool()).await?.rows_affected();
    Ok(trimmed)
}
