use serde::Serialize;
use serde_json::{Value, json};

use super::control::{org_of, wake};
use super::ending::is_equal_job;
use super::job::JobState;
use super::owner::Reach;
use crate::action::{Action, JobOwner, job, platform};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{OrgId, WorkspaceId};
use crate::tx::{Authorized, Tx};

/// Most jobs that one call removes or retries: longer transactions would hold everybody else up.
pub const AT_A_TIME: i64 = 5_000;

/// What a call did to many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bulk {
    /// To how many.
    pub count: i64,
    /// How many such jobs there still are.
    pub remaining: i64,
}

/// Removes somebody's finished jobs, at most [`AT_A_TIME`]: those that are done or cancelled, or those in one state,
/// which may be dead. What waits or runs is never removed.
///
/// # Errors
/// [`Error::Invalid`] if jobs in that state are not finished; [`Error::Store`].
pub async fn remove(tx: &mut Tx, allowed: &Authorized<job::Remove>, state: Option<JobState>) -> Result<Bulk> {
    let owner = *allowed.target();
    let removed = delete(tx, Reach::from(owner), state, None).await?;
    let (workspace, org): (Option<WorkspaceId>, Option<OrgId>) = match owner {
        JobOwner::Workspace(id) => (Some(id), None),
        JobOwner::Org(id) => (None, Some(id)),
        JobOwner::Platform | JobOwner::User(_) => (None, None),
    };
    let org = org_of(tx, workspace, org).await?;
    recorded(tx, allowed, org, json!({ "removed": removed.count, "state": state }), removed).await
}

/// Removes anybody's finished jobs as [`remove`], of one kind or all.
///
/// # Errors
/// As [`remove`].
pub async fn remove_any(
    tx: &mut Tx,
    allowed: &Authorized<platform::ManageQueue>,
    state: Option<JobState>,
    kind: Option<&str>,
) -> Result<Bulk> {
    if kind.is_some_and(|kind| kind.is_empty() || kind.contains('\0')) {
        return Err(Error::invalid("kind", "at least one character, any but NUL"));
    }
    let removed = delete(tx, Reach::ALL, state, kind).await?;
    let said = json!({ "removed": removed.count, "state": state, "kind": kind });
    recorded(tx, allowed, None, said, removed).await
}

/// Lets the dead jobs of a kind begin anew, at most [`AT_A_TIME`], the oldest first. Those to which an equal one waits
/// stay dead.
///
/// # Errors
/// [`Error::NotFound`] if there is no such kind; a conflict `contention` if an equal job was enqueued meanwhile;
/// [`Error::Store`].
pub async fn retry_dead(
    tx: &mut Tx,
    allowed: &Authorized<platform::ManageQueue>,
    kind: &str,
) -> Result<Bulk> {
    if kind.contains('\0') {
        return Err(Error::NotFound(super::pause::NOUN));
    }
    let is_known = sqlx::query_scalar!(
        r#"select exists (select from job_kinds where kind = $1)
               or exists (select from jobs where kind = $1 and state = 'dead') as "known!""#,
        kind
    )
    .fetch_one(tx.connection())
    .await?;
    if !is_known {
        return Err(Error::NotFound(super::pause::NOUN));
    }
    let retried = sqlx::query!(
        "with chosen as (
             select j.id, j.unique_key from jobs j
             where j.kind = $1 and j.state = 'dead'
               and not exists (select from jobs w where w.kind = j.kind and w.unique_key = j.unique_key
                               and w.state = 'pending')
             order by j.finished_at, j.id limit $2
             for update skip locked),
         -- Of equal ones only one can wait.
         singled as (
             select distinct on (unique_key, case when unique_key is null then id end) id from chosen
             order by unique_key, case when unique_key is null then id end, id)
         update jobs set state = 'pending', attempt = 0, due_since = now(), run_at = now(), relayed_at = null,
             started_at = null, finished_at = null
         from singled where jobs.id = singled.id",
        kind,
        AT_A_TIME,
    )
    .execute(tx.connection())
    .await
    .map_err(|error| {
        if is_equal_job(&error) {
            return Error::conflict("contention", "an equal job was enqueued meanwhile; try again");
        }
        error.into()
    })?;
    let remaining = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs where kind = $1 and state = 'dead'"#,
        kind
    )
    .fetch_one(tx.connection())
    .await?;
    let done = Bulk { count: counted(retried.rows_affected()), remaining };
    if done.count > 0 {
        wake(tx).await?;
    }
    recorded(tx, allowed, None, json!({ "retried": done.count, "kind": kind }), done).await
}

async fn delete(tx: &mut Tx, reach: Reach, state: Option<JobState>, kind: Option<&str>) -> Result<Bulk> {
    let states: Vec<String> = match state {
        None => vec![JobState::Done, JobState::Cancelled],
        Some(state @ (JobState::Done | JobState::Cancelled | JobState::Dead)) => vec![state],
        Some(JobState::Pending | JobState::Running) => {
            return Err(Error::invalid("state", "done, cancelled or dead: the others are not finished"));
        }
    }
    .into_iter()
    .map(|state| state.as_str().to_owned())
    .collect();
    sqlx::query("set local plan_cache_mode = force_custom_plan").execute(tx.connection()).await?;
    // A job that somebody retries at this moment is left alone.
    let removed = sqlx::query!(
        "delete from jobs where id in (
             select id from jobs
             where case $1 when 'all' then true
                           when 'workspace' then workspace_id = $2
                           when 'org' then workspace_id is null and org_id = $2
                           when 'user' then workspace_id is null and org_id is null and user_id = $2
                           else workspace_id is null and org_id is null and user_id is null end
               and state = any($3) and ($4::text is null or kind = $4)
             limit $5 for update skip locked)",
        reach.whose,
        reach.id,
        &states,
        kind,
        AT_A_TIME,
    )
    .execute(tx.connection())
    .await?;
    let remaining = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs
           where case $1 when 'all' then true
                         when 'workspace' then workspace_id = $2
                         when 'org' then workspace_id is null and org_id = $2
                         when 'user' then workspace_id is null and org_id is null and user_id = $2
                         else workspace_id is null and org_id is null and user_id is null end
             and state = any($3) and ($4::text is null or kind = $4)"#,
        reach.whose,
        reach.id,
        &states,
        kind,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(Bulk { count: counted(removed.rows_affected()), remaining })
}

/// One entry of the audit log for all of them, if there were any.
async fn recorded<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    org: Option<OrgId>,
    after: Value,
    done: Bulk,
) -> Result<Bulk> {
    if done.count > 0 {
        tx.record(allowed, org, &allowed.uid(), Change { before: Value::Null, after }).await?;
    }
    Ok(done)
}

fn counted(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
