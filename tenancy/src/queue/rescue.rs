use std::time::Duration;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::queue::ending::is_equal_job;

/// What was found lying about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rescued {
    /// Jobs whose worker stopped answering.
    pub abandoned: u64,
    /// Jobs that waited for longer than they may live.
    pub outlived: u64,
    /// Jobs of a kind that no worker ever knew.
    pub unknown: u64,
}

/// Looks after jobs that nobody else will: takes them from workers that died or froze, and puts those that cannot be
/// done any more to the dead letters. A kind counts as unknown after `patience`, since while a new version is rolled out
/// its jobs come before its workers.
///
/// # Errors
/// If the store does not answer.
pub async fn rescue(db: &Db, patience: Duration) -> Result<Rescued> {
    let abandoned = loop {
        match abandoned(db).await {
            Err(Error::Store(error)) if is_equal_job(&error) => {}
            other => break other?,
        }
    };
    Ok(Rescued { abandoned, outlived: outlived(db).await?, unknown: unknown(db, patience).await? })
}

async fn abandoned(db: &Db) -> Result<u64> {
    let done = sqlx::query!(
        r#"with abandoned as (
               select j.id, j.kind, j.unique_key, j.attempt, j.worker,
                   coalesce(j.attempt >= coalesce(k.attempts, 1)
                       or now() > j.due_since + make_interval(secs => k.lifetime_seconds), false) as is_over
               from jobs j left join job_kinds k on k.kind = j.kind
               where j.state = 'running' and j.lease_until < now()
               order by j.lease_until limit 1000
               for update of j skip locked),
           lost as (
               select a.id, a.attempt, a.worker, 'its worker stopped answering' as error, case
                   when a.is_over then 'dead'
                   when a.unique_key is not null and (
                           -- Equal ones may be abandoned together: the first that may still be tried stands for all.
                           row_number() over (partition by a.kind, a.unique_key, a.is_over order by a.id) > 1
                           or exists (select from jobs o where o.kind = a.kind and o.unique_key = a.unique_key
                                      and o.state = 'pending')) then 'cancelled'
                   else 'pending' end as state
               from abandoned a),
           noted as (
               insert into job_failures (job_id, attempt, worker, error)
               select id, attempt, worker, error from lost)
           update jobs set state = lost.state, lease_token = null, lease_until = null, relayed_at = null,
               last_error = lost.error, run_at = now(),
               finished_at = case when lost.state = 'pending' then null else clock_timestamp() end
           from lost where jobs.id = lost.id"#
    )
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}

async fn outlived(db: &Db) -> Result<u64> {
    let done = sqlx::query!(
        r#"with late as (
               select j.id, j.attempt from job_kinds k
               join jobs j on j.kind = k.kind and j.state = 'pending'
                   and j.due_since < now() - make_interval(secs => k.lifetime_seconds)
               where k.paused_at is null
               limit 1000 for update of j skip locked),
           noted as (
               insert into job_failures (job_id, attempt, error)
               select id, attempt, 'it was not done within its lifetime' from late)
           update jobs set state = 'dead', relayed_at = null, finished_at = clock_timestamp(),
               last_error = coalesce(last_error || '; then ', '') || 'it was not done within its lifetime'
           from late where jobs.id = late.id"#
    )
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}

async fn unknown(db: &Db, patience: Duration) -> Result<u64> {
    let done = sqlx::query!(
        r#"with strange as (
               select j.id, j.attempt, format('no worker knows the kind %s', j.kind) as error from jobs j
               where j.state = 'pending' and j.due_since < now() - make_interval(secs => $1)
                 and not exists (select from job_kinds k where k.kind = j.kind)
               limit 1000 for update of j skip locked),
           noted as (insert into job_failures (job_id, attempt, error) select id, attempt, error from strange)
           update jobs set state = 'dead', relayed_at = null, finished_at = clock_timestamp(),
               last_error = strange.error
           from strange where jobs.id = strange.id"#,
        patience.as_secs_f64(),
    )
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}
