use std::cmp::Reverse;
use std::time::Duration;

use crate::db::Db;
use crate::error::Result;
use crate::id::JobId;
use crate::queue::Wake;

/// At most `most` jobs of a kind that are due and have not been handed over within `again`. They count as handed over
/// from now on: who dies before handing them on has lost nothing, they are due again after that time.
///
/// # Errors
/// If the store does not answer.
pub async fn hand_over(db: &Db, kind: &str, most: usize, again: Duration) -> Result<Vec<Wake>> {
    let mut rows = sqlx::query!(
        r#"with due as (
               select j.id from jobs j
               where j.kind = $1 and j.state = 'pending' and j.run_at <= now()
                 and (j.relayed_at is null or j.relayed_at < now() - make_interval(secs => $3))
                 and not exists (select from job_kinds k where k.kind = j.kind and k.paused_at is not null)
               order by j.priority desc, j.run_at
               limit $2
               for update skip locked)
           update jobs set relayed_at = now(), epoch = jobs.epoch + 1
           from due where jobs.id = due.id
           returning jobs.id, jobs.epoch, jobs.priority, jobs.run_at"#,
        kind,
        i64::try_from(most).unwrap_or(i64::MAX),
        again.as_secs_f64(),
    )
    .fetch_all(db.pool())
    .await?;
    // An update returns its rows in no particular order.
    rows.sort_by_key(|row| (Reverse(row.priority), row.run_at));
    Ok(rows.into_iter().map(|row| Wake { job: JobId(row.id), epoch: row.epoch }).collect())
}

/// What could not be handed on is due again at once.
///
/// # Errors
/// If the store does not answer; then it is due again after the usual time.
pub async fn take_back(db: &Db, wakes: &[Wake]) -> Result<()> {
    let ids: Vec<_> = wakes.iter().map(|wake| wake.job.0).collect();
    sqlx::query!("update jobs set relayed_at = null where id = any($1) and state = 'pending'", &ids)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// The transport has forgotten everything: all that wait are handed over again. Returns how many that are.
///
/// # Errors
/// If the store does not answer.
pub async fn hand_over_again(db: &Db) -> Result<u64> {
    let done =
        sqlx::query!("update jobs set relayed_at = null where state = 'pending' and relayed_at is not null")
            .execute(db.pool())
            .await?;
    Ok(done.rows_affected())
}
