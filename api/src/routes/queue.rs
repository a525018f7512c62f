//! The jobs of whoever asks.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::queue::{self, Bulk, Filter, JobDetails, JobInfo, JobState};
use tenancy::{
    Action, Authorized, Caller, Error, JobId, JobOwner, OrgId, Tx, WorkspaceId, job_action as job,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{Fields, Listing, page};
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
    #[param(inline)]
    state: Option<JobState>,
    /// What kind of work.
    #[param(example = "mail.send")]
    kind: Option<String>,
    /// Asked for at this time or later.
    from: Option<DateTime<Utc>>,
    /// Asked for before this time.
    to: Option<DateTime<Utc>>,
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
    #[param(inline)]
    state: Option<JobState>,
}

page!(
    /// A page of jobs.
    JobList { jobs: JobInfo }
);

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
    get, path = "/api/v1/queue/jobs", tag = "queue", params(Listing::<JobsQuery>),
    responses(
        (status = 200, description = "A page of jobs, newest first", body = JobList),
        (status = 404, description = "No such workspace or organization", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing<JobsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let query = &list.filter;
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<job::List>(&mut tx, &caller, query.workspace_id, query.org_id).await?;
    let filter = Filter { state: query.state, kind: query.kind.clone(), from: query.from, to: query.to };
    list.json(JobList::from(queue::list(&mut tx, &allowed, filter, list.page).await?))
}

/// See a job
#[utoipa::path(
    get, path = "/api/v1/queue/jobs/{job_id}", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job"), Fields),
    responses((status = 200, description = "The job, with every attempt that failed", body = JobDetails)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
    Query(fields): Query<Fields>,
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
        (status = 200, description = "The job, cancelled", body = JobInfo),
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
        (status = 200, description = "The job, waiting", body = JobInfo),
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
