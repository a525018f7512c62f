use std::time::Duration;

use crate::db::Db;
use crate::error::Result;
use crate::queue::Claim;

/// How an attempt ended that did not do the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It failed, and may go better after this time, unless it was the last attempt or the job's lifetime is over.
    Failed {
        /// Why; shown to whoever may see the job.
        error: String,
        /// How long to wait.
        after: Duration,
    },
    /// It failed, and no further attempt can help.
    Hopeless {
        /// Why; shown to whoever may see the job.
        error: String,
    },
    /// It must not be done yet. This was no attempt.
    Postponed {
        /// Why; shown to whoever may see the job.
        why: String,
        /// How long to wait.
        after: Duration,
    },
    /// The worker stops. This was no attempt, and another one may begin at once.
    HandedBack,
}

/// What became of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits for its next attempt.
    Waits,
    /// It is with the dead letters.
    Dead,
    /// An equal job waits, which does its work.
    Superseded,
    /// The claim did not hold any more: it was for somebody else to say.
    Lost,
}

/// Ends an attempt.
///
/// # Errors
/// If the store does not answer; then the lease will run out.
pub async fn end(db: &Db, claim: &Claim, ending: &Ending) -> Result<Fate> {
    loop {
        match ended(db, claim, ending).await {
            // Between the look for an equal job and the change, one was enqueued: now it will be seen.
            Err(crate::Error::Store(error)) if is_equal_job(&error) => {}
            other => return other,
        }
    }
}

/// Whether a change failed because an equal job waits.
pub(super) fn is_equal_job(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some("jobs_unique")
}

async fn ended(db: &Db, claim: &Claim, ending: &Ending) -> Result<Fate> {
    let (error, after, is_attempt, is_hopeless) = match ending {
        Ending::Failed { error, after } => (Some(error.as_str()), *after, true, false),
        Ending::Hopeless { error } => (Some(error.as_str()), Duration::ZERO, true, true),
        Ending::Postponed { why, after } => (Some(why.as_str()), *after, false, false),
        Ending::HandedBack => (None, Duration::ZERO, false, false),
    };
    let state = sqlx::query_scalar!(
        r#"with mine as (
               select j.id, j.attempt, case
                   when $6 or ($5 and (j.attempt >= coalesce(k.attempts, 1)
                       or now() + make_interval(secs => $4) > j.due_since + make_interval(secs => k.lifetime_seconds)))
                       then 'dead'
                   when j.unique_key is not null and exists (
                       select from jobs o where o.kind = j.kind and o.unique_key = j.unique_key and o.state = 'pending')
                       then 'cancelled'
                   else 'pending' end as state
               from jobs j left join job_kinds k on k.kind = j.kind
               where j.id = $1 and j.lease_token = $2 and j.state = 'running'
               for update of j),
           noted as (
               insert into job_failures (job_id, attempt, worker, error)
               select jobs.id, jobs.attempt, jobs.worker, $3 from jobs join mine on mine.id = jobs.id where $5)
           update jobs set state = mine.state, lease_token = null, lease_until = null, relayed_at = null,
               last_error = coalesce($3, last_error),
               attempt = mine.attempt - case when $5 then 0 else 1 end,
               run_at = case when mine.state = 'pending' then now() + make_interval(secs => $4) else run_at end,
               finished_at = case when mine.state = 'pending' then null else clock_timestamp() end
           from mine where jobs.id = mine.id
           returning jobs.state"#,
        claim.id.0,
        claim.token,
        error,
        after.as_secs_f64(),
        is_attempt,
        is_hopeless,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(match state.as_deref() {
        None => Fate::Lost,
        Some("pending") => Fate::Waits,
        Some("cancelled") => Fate::Superseded,
        Some(_) => Fate::Dead,
    })
}
