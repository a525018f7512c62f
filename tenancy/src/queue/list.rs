use chrono::{DateTime, Utc};

use super::job::{AdminFailure, AdminJob, AdminJobDetails, Failure, JobDetails, JobInfo, JobState, Row};
use super::owner::{NOUN, Reach};
use crate::action::{job, platform};
use crate::error::{Error, FieldError, Result};
use crate::id::{JobId, OrgId, UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::time;
use crate::tx::{Authorized, Tx};

/// Which jobs are wanted; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Where they are on their way.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Asked for at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Asked for before this time.
    pub to: Option<DateTime<Utc>>,
}

/// Which jobs of all are wanted.
#[derive(Debug, Clone, Default)]
pub struct AdminFilter {
    /// As for one's own.
    pub filter: Filter,
    /// Done for this person, whose ever they are.
    pub user_id: Option<UserId>,
    /// Done for this organization, its workspaces' included.
    pub org_id: Option<OrgId>,
    /// Done for this workspace.
    pub workspace_id: Option<WorkspaceId>,
}

impl Filter {
    fn check(&self) -> Result<()> {
        let mut wrong = vec![];
        let mut field = |name: &str, message: &str| {
            wrong.push(FieldError { field: name.into(), message: message.into() });
        };
        if self.kind.as_ref().is_some_and(|kind| kind.is_empty() || kind.contains('\0')) {
            field("kind", "at least one character, any but NUL");
        }
        for (name, bound) in [("from", self.from), ("to", self.to)] {
            if bound.is_some_and(|bound| !time::is_storable(bound)) {
                field(name, "a time in the years 1 to 9999");
            }
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            field("to", "must be after from");
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }
}

/// A page of somebody's jobs, newest first.
///
/// # Errors
/// [`Error::Invalid`] if the filter is not valid; [`Error::Store`].
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<job::List>,
    filter: Filter,
    page: Page,
) -> Result<Paged<JobInfo>> {
    let filter = AdminFilter { filter, ..AdminFilter::default() };
    let found = select(tx, Reach::from(*allowed.target()), &filter, page).await?;
    Ok(Paged { items: found.items.into_iter().map(|job| job.job).collect(), info: found.info })
}

/// A page of everybody's jobs, newest first.
///
/// # Errors
/// As [`list`].
pub async fn list_all(
    tx: &mut Tx,
    _: &Authorized<platform::ViewQueue>,
    filter: &AdminFilter,
    page: Page,
) -> Result<Paged<AdminJob>> {
    select(tx, Reach::ALL, filter, page).await
}

/// One job of somebody's.
///
/// # Errors
/// [`Error::NotFound`] if it is not theirs; [`Error::Store`].
pub async fn get(tx: &mut Tx, allowed: &Authorized<job::List>, id: JobId) -> Result<JobDetails> {
    let job = find(tx, Reach::from(*allowed.target()), id).await?.job;
    let failures = failures(tx, id).await?.into_iter().map(|failure| failure.failure).collect();
    Ok(JobDetails { job, failures })
}

/// One job, whose ever it is.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Store`].
pub async fn get_any(tx: &mut Tx, _: &Authorized<platform::ViewQueue>, id: JobId) -> Result<AdminJobDetails> {
    let job = find(tx, Reach::ALL, id).await?;
    Ok(AdminJobDetails { job, failures: failures(tx, id).await? })
}

async fn select(
    tx: &mut Tx,
    reach: Reach,
    AdminFilter { filter, user_id, org_id, workspace_id }: &AdminFilter,
    page: Page,
) -> Result<Paged<AdminJob>> {
    filter.check()?;
    // With a plan for all parameters there could be, Postgres would look at no index.
    sqlx::query("set local plan_cache_mode = force_custom_plan").execute(tx.connection()).await?;
    let (state, user) = (filter.state.map(JobState::as_str), user_id.map(|id| id.0));
    let (org, workspace) = (org_id.map(|id| id.0), workspace_id.map(|id| id.0));
    let rows = sqlx::query_as!(
        Row,
        r#"select j.id, j.kind, j.state, j.attempt, k.attempts as "max_attempts?", j.priority, j.run_at, j.created_at,
                  j.started_at, j.finished_at, j.due_since + make_interval(secs => k.lifetime_seconds) as deadline,
                  j.last_error, j.user_id, j.org_id, j.workspace_id, j.unique_key, j.payload, j.due_since, j.relayed_at,
                  j.epoch, j.lease_until, j.worker, j.traceparent
           from jobs j left join job_kinds k on k.kind = j.kind
           where case $1 when 'all' then true
                         when 'workspace' then j.workspace_id = $2
                         when 'org' then j.workspace_id is null and j.org_id = $2
                         when 'user' then j.workspace_id is null and j.org_id is null and j.user_id = $2
                         else j.workspace_id is null and j.org_id is null and j.user_id is null end
             and ($3::text is null or j.state = $3)
             and ($4::text is null or j.kind = $4)
             and ($5::timestamptz is null or j.created_at >= $5)
             and ($6::timestamptz is null or j.created_at < $6)
             and ($7::uuid is null or j.user_id = $7)
             and ($8::uuid is null or j.org_id = $8)
             and ($9::uuid is null or j.workspace_id = $9)
           order by j.id desc limit $10 offset $11"#,
        reach.whose,
        reach.id,
        state,
        filter.kind,
        filter.from,
        filter.to,
        user,
        org,
        workspace,
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs
           where case $1 when 'all' then true
                         when 'workspace' then workspace_id = $2
                         when 'org' then workspace_id is null and org_id = $2
                         when 'user' then workspace_id is null and org_id is null and user_id = $2
                         else workspace_id is null and org_id is null and user_id is null end
             and ($3::text is null or state = $3)
             and ($4::text is null or kind = $4)
             and ($5::timestamptz is null or created_at >= $5)
             and ($6::timestamptz is null or created_at < $6)
             and ($7::uuid is null or user_id = $7)
             and ($8::uuid is null or org_id = $8)
             and ($9::uuid is null or workspace_id = $9)"#,
        reach.whose,
        reach.id,
        state,
        filter.kind,
        filter.from,
        filter.to,
        user,
        org,
        workspace,
    )
    .fetch_one(tx.connection())
    .await?;
    let items: Result<Vec<AdminJob>> = rows.into_iter().map(AdminJob::try_from).collect();
    Ok(page.of(items?, total))
}

pub(super) async fn find(tx: &mut Tx, reach: Reach, id: JobId) -> Result<AdminJob> {
    let row = sqlx::query_as!(
        Row,
        r#"select j.id, j.kind, j.state, j.attempt, k.attempts as "max_attempts?", j.priority, j.run_at, j.created_at,
                  j.started_at, j.finished_at, j.due_since + make_interval(secs => k.lifetime_seconds) as deadline,
                  j.last_error, j.user_id, j.org_id, j.workspace_id, j.unique_key, j.payload, j.due_since, j.relayed_at,
                  j.epoch, j.lease_until, j.worker, j.traceparent
           from jobs j left join job_kinds k on k.kind = j.kind
           where j.id = $3
             and case $1 when 'all' then true
                         when 'workspace' then j.workspace_id = $2
                         when 'org' then j.workspace_id is null and j.org_id = $2
                         when 'user' then j.workspace_id is null and j.org_id is null and j.user_id = $2
                         else j.workspace_id is null and j.org_id is null and j.user_id is null end"#,
        reach.whose,
        reach.id,
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    row.ok_or(Error::NotFound(NOUN))?.try_into()
}

async fn failures(tx: &mut Tx, id: JobId) -> Result<Vec<AdminFailure>> {
    let rows = sqlx::query!(
        "select attempt, at, worker, error from job_failures where job_id = $1 order by at, attempt",
        id.0
    )
    .fetch_all(tx.connection())
    .await?;
    let failures = rows.into_iter().map(|row| AdminFailure {
        failure: Failure { attempt: row.attempt, at: row.at, error: row.error },
        worker: row.worker,
    });
    Ok(failures.collect())
}
