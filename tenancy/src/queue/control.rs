use authz::{EntityUid, core_uid};
use serde_json::json;
use uuid::Uuid;

use super::ending::is_equal_job;
use super::job::{AdminJob, JobInfo};
use super::list::find;
use super::owner::{NOUN, Reach};
use crate::action::{Action, job, platform};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{JobId, OrgId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace;

/// Calls off a job of somebody's that waits or runs. What a worker has in hand for it will not be committed.
///
/// # Errors
/// [`Error::NotFound`] if it is not theirs; a conflict `job_finished`; [`Error::Store`].
pub async fn cancel(tx: &mut Tx, allowed: &Authorized<job::Cancel>, id: JobId) -> Result<JobInfo> {
    Ok(cancel_within(tx, allowed, Reach::from(*allowed.target()), id).await?.job)
}

/// Calls off any job, as [`cancel`].
///
/// # Errors
/// As [`cancel`].
pub async fn cancel_any(
    tx: &mut Tx,
    allowed: &Authorized<platform::ManageQueue>,
    id: JobId,
) -> Result<AdminJob> {
    cancel_within(tx, allowed, Reach::ALL, id).await
}

/// Lets a dead job of somebody's begin anew, with all its attempts and its whole lifetime.
///
/// # Errors
/// [`Error::NotFound`] if it is not theirs; a conflict `job_not_dead`, or `duplicate_job` if an equal one waits;
/// [`Error::Store`].
pub async fn retry(tx: &mut Tx, allowed: &Authorized<job::Retry>, id: JobId) -> Result<JobInfo> {
    Ok(retry_within(tx, allowed, Reach::from(*allowed.target()), id).await?.job)
}

/// Lets any dead job begin anew, as [`retry`].
///
/// # Errors
/// As [`retry`].
pub async fn retry_any(
    tx: &mut Tx,
    allowed: &Authorized<platform::ManageQueue>,
    id: JobId,
) -> Result<AdminJob> {
    retry_within(tx, allowed, Reach::ALL, id).await
}

async fn cancel_within<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    reach: Reach,
    id: JobId,
) -> Result<AdminJob> {
    let before = lock(tx, reach, id).await?;
    if !matches!(before.as_str(), "pending" | "running") {
        return Err(Error::conflict("job_finished", format!("the job is {before} already")));
    }
    sqlx::query!(
        "update jobs set state = 'cancelled', finished_at = clock_timestamp(), lease_token = null, lease_until = null
         where id = $1",
        id.0
    )
    .execute(tx.connection())
    .await?;
    changed(tx, allowed, id, &before).await
}

async fn retry_within<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    reach: Reach,
    id: JobId,
) -> Result<AdminJob> {
    let before = lock(tx, reach, id).await?;
    if before != "dead" {
        let message = format!("only dead jobs are retried, and this one is {before}");
        return Err(Error::conflict("job_not_dead", message));
    }
    sqlx::query!(
        "update jobs set state = 'pending', attempt = 0, due_since = now(), run_at = now(), relayed_at = null,
             started_at = null, finished_at = null
         where id = $1",
        id.0
    )
    .execute(tx.connection())
    .await
    .map_err(|error| {
        if is_equal_job(&error) {
            return Error::conflict("duplicate_job", "an equal job waits already");
        }
        error.into()
    })?;
    wake(tx).await?;
    changed(tx, allowed, id, &before).await
}

/// The state of a job, which nobody else changes until this transaction ends.
async fn lock(tx: &mut Tx, reach: Reach, id: JobId) -> Result<String> {
    let state = sqlx::query_scalar!(
        r#"select state from jobs
           where id = $3
             and case $1 when 'all' then true
                         when 'workspace' then workspace_id = $2
                         when 'org' then workspace_id is null and org_id = $2
                         when 'user' then workspace_id is null and org_id is null and user_id = $2
                         else workspace_id is null and org_id is null and user_id is null end
           for update"#,
        reach.whose,
        reach.id,
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    state.ok_or(Error::NotFound(NOUN))
}

/// Tells the relays of all processes that jobs became due, once this is committed.
pub(super) async fn wake(tx: &mut Tx) -> Result<()> {
    sqlx::query("select pg_notify('doorward_jobs', '')").execute(tx.connection()).await?;
    tx.enqueued();
    Ok(())
}

/// Records a change of one job, in the chain of the organization that it is done for, and tells how it is now.
async fn changed<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    id: JobId,
    before: &str,
) -> Result<AdminJob> {
    let job = find(tx, Reach::ALL, id).await?;
    let change = Change {
        before: json!({ "kind": job.job.kind, "state": before }),
        after: json!({ "kind": job.job.kind, "state": job.job.state }),
    };
    let org = org_of(tx, job.workspace_id, job.org_id).await?;
    tx.record(allowed, org, &uid(id), change).await?;
    Ok(job)
}

/// The organization whose audit chain tells of a job.
pub(super) async fn org_of(
    tx: &mut Tx,
    workspace: Option<WorkspaceId>,
    org: Option<OrgId>,
) -> Result<Option<OrgId>> {
    match workspace {
        Some(workspace) => Ok(workspace::org_of(tx, workspace).await?.or(org)),
        None => Ok(org),
    }
}

/// How the audit log names a job. Policies know of no jobs.
fn uid(id: JobId) -> EntityUid {
    core_uid("Job", &id.to_string())
}

/// Calls off what waits or runs for accounts, organizations and workspaces that are being deleted. What a worker has in hand
/// for them will not be committed.
pub(crate) async fn call_off(tx: &mut Tx, users: &[Uuid], orgs: &[Uuid], workspaces: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "update jobs set state = 'cancelled', finished_at = clock_timestamp(), lease_token = null, lease_until = null
         where id in (select id from jobs where state in ('pending', 'running')
                        and (user_id = any ($1) or org_id = any ($2) or workspace_id = any ($3))
                      order by id for update)",
        users,
        orgs,
        workspaces,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
