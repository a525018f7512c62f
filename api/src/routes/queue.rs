//! The jobs of whoever asks.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::queue::{self, Bulk, Filter, JobInfo, JobState};
use tenancy::{
    Action, Authorized, Caller, Error, JobId, JobOwner, OrgId, Tx, WorkspaceId, job_action as job,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::problem::Problem;
use crate::revision::At;

/// Whose jobs, which, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// Those of a workspace.
    workspace_id: Option<Uuid>,
    /// Those of an organization, its workspaces' not included.
    org_id: Option<Uuid>,
    /// Where they are on their way.
    #[param(inline, value_type = Option<JobStateView>)]
    state: Option<JobState>,
    /// What kind of work.
    #[param(example = "mail.send")]
    kind: Option<String>,
    /// Asked for at this time or later.
    from: Option<DateTime<Utc>>,
    /// Asked for before this time.
    to: Option<DateTime<Utc>>,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

/// Whose finished jobs, and which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveQuery {
    /// Those of a workspace.
    workspace_id: Option<Uuid>,
    /// Those of an organization, its workspaces' not included.
    org_id: Option<Uuid>,
    /// `done`, `cancelled` or `dead`; those that are done and those that are cancelled, if left out.
    #[param(inline, value_type = Option<JobStateView>)]
    state: Option<JobState>,
}

/// Where a job is on its way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::JobState`
pub(crate) enum JobStateView {
    /// It waits: for its time, for a free place, or for its next attempt.
    Pending,
    /// A worker does it.
    Running,
    /// It succeeded.
    Done,
    /// It was given up after its last attempt or at its deadline.
    Dead,
    /// It was called off, or an equal one does its work.
    Cancelled,
}

/// A job.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::JobInfo`
pub(crate) struct JobView {
    id: Uuid,
    /// What kind of work.
    #[schema(example = "mail.send")]
    kind: String,
    state: JobStateView,
    /// Attempts so far, the running one included.
    attempt: i32,
    /// How often it is tried; null for a kind that no worker has told of.
    max_attempts: Option<i32>,
    /// Higher ones run first.
    priority: i16,
    /// When it may begin, or its next attempt may.
    run_at: DateTime<Utc>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When its last attempt began.
    started_at: Option<DateTime<Utc>>,
    /// When it was done, given up or cancelled.
    finished_at: Option<DateTime<Utc>>,
    /// When it is given up; null for a kind that no worker has told of.
    deadline: Option<DateTime<Utc>>,
    /// Why it did not succeed so far.
    last_error: Option<String>,
}

/// A job with all that went wrong.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::JobDetails`
pub(crate) struct JobDetailsView {
    #[serde(flatten)]
    job: JobView,
    /// Every attempt that failed, oldest first.
    failures: Vec<FailureView>,
}

/// An attempt that failed.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Failure`
pub(crate) struct FailureView {
    /// Which, from 1; a retried job counts anew.
    attempt: i32,
    /// When it ended.
    at: DateTime<Utc>,
    /// Why.
    error: String,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct JobList {
    jobs: Vec<JobView>,
    #[serde(flatten)]
    page: PageView,
}

/// What was removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Removed {
    /// How many jobs; at most 5 000 in one call.
    removed: i64,
    /// How many such jobs there still are.
    remaining: i64,
}

impl From<Bulk> for Removed {
    fn from(bulk: Bulk) -> Self {
        Self { removed: bulk.count, remaining: bulk.remaining }
    }
}

/// List jobs
///
/// Without parameters those that belong to the caller: an organization's key sees the organization's, a key of the
/// platform those that belong to nobody in particular. What is done for a workspace belongs to the workspace.
#[utoipa::path(
    get, path = "/api/v1/queue/jobs", tag = "queue", params(JobsQuery),
    responses(
        (status = 200, description = "A page of jobs, newest first", body = JobList),
        (status = 404, description = "No such workspace or organization", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<JobsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let list = ListQuery::new(query.page, query.limit, query.fields);
    let page = list.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<job::List>(&mut tx, &caller, query.workspace_id, query.org_id).await?;
    let filter = Filter { state: query.state, kind: query.kind, from: query.from, to: query.to };
    list.json("jobs", queue::list(&mut tx, &allowed, filter, page).await?)
}

/// See a job
#[utoipa::path(
    get, path = "/api/v1/queue/jobs/{job_id}", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job"), FieldsQuery),
    responses((status = 200, description = "The job, with every attempt that failed", body = JobDetailsView)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
    Query(fields): Query<FieldsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = queue::authorize::<job::List>(&mut tx, &caller, id).await?;
    fields.json(queue::get(&mut tx, &allowed, id).await?)
}

/// Cancel a job that waits or runs
///
/// What a worker has in hand for it is not committed.
#[utoipa::path(
    post, path = "/api/v1/queue/jobs/{job_id}/cancel", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "The job, cancelled", body = JobView),
        (status = 409, description = "The job is finished (`job_finished`)", body = Problem),
    ),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
) -> Result<(At, axum::Json<JobInfo>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = queue::authorize::<job::Cancel>(&mut tx, &caller, id).await?;
    let job = queue::cancel(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), axum::Json(job)))
}

/// Retry a dead job
///
/// It begins anew, with all its attempts and its whole lifetime.
#[utoipa::path(
    post, path = "/api/v1/queue/jobs/{job_id}/retry", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "The job, waiting", body = JobView),
        (status = 409, description = "The job is not dead (`job_not_dead`), or an equal one waits (`duplicate_job`)",
         body = Problem),
    ),
)]
pub(crate) async fn retry(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
) -> Result<(At, axum::Json<JobInfo>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = queue::authorize::<job::Retry>(&mut tx, &caller, id).await?;
    let job = queue::retry(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), axum::Json(job)))
}

/// Remove finished jobs
///
/// Those that are done and those that are cancelled; dead ones only with `state=dead`. What waits or runs stays.
#[utoipa::path(
    delete, path = "/api/v1/queue/jobs", tag = "queue", params(RemoveQuery),
    responses(
        (status = 200, description = "How many were removed", body = Removed),
        (status = 404, description = "No such workspace or organization", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<RemoveQuery>,
) -> Result<(At, axum::Json<Removed>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<job::Remove>(&mut tx, &caller, query.workspace_id, query.org_id).await?;
    let removed = queue::remove(&mut tx, &allowed, query.state).await?;
    Ok((At(tx.commit().await?), axum::Json(removed.into())))
}

/// May the caller do this to the jobs of the workspace, of the organization, or to their own?
async fn authorize<A: Action<Target = JobOwner>>(
    tx: &mut Tx,
    caller: &Caller,
    workspace: Option<Uuid>,
    org: Option<Uuid>,
) -> Result<Authorized<A>, Error> {
    let owner = match (workspace, org) {
        (Some(_), Some(_)) => return Err(Error::invalid("org_id", "either workspace_id or org_id")),
        (Some(id), None) => JobOwner::Workspace(WorkspaceId(id)),
        (None, Some(id)) => JobOwner::Org(OrgId(id)),
        (None, None) => queue::own(tx, caller).await?,
    };
    tx.authorize::<A>(caller, owner).await.map_err(|error| match error {
        Error::NotFound(_) => Error::NotFound(owner.noun()),
        other => other,
    })
}
