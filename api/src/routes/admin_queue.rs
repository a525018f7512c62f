//! All jobs, for those who look after the installation.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use tenancy::queue::{self, AdminFilter, AdminJob, AdminJobDetails, Filter, JobState};
use tenancy::{JobId, OrgId, Platform, UserId, WorkspaceId, platform};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{Fields, Listing, page};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::queue::Removed;

/// Which jobs of all, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminJobsQuery {
    /// Where they are on their way.
    #[param(inline)]
    state: Option<JobState>,
    /// What kind of work.
    #[param(example = "mail.send")]
    kind: Option<String>,
    /// Done for this person.
    user_id: Option<Uuid>,
    /// Done for this organization, in its workspaces or not.
    org_id: Option<Uuid>,
    /// Done for this workspace.
    workspace_id: Option<Uuid>,
    /// Asked for at this time or later.
    from: Option<DateTime<Utc>>,
    /// Asked for before this time.
    to: Option<DateTime<Utc>>,
}

/// Which finished jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminRemoveQuery {
    /// `done`, `cancelled` or `dead`; those that are done and those that are cancelled, if left out.
    #[param(inline)]
    state: Option<JobState>,
    /// What kind of work; all kinds, if left out.
    kind: Option<String>,
}

page!(
    /// A page of jobs.
    AdminJobList { jobs: AdminJob }
);

/// List all jobs
#[utoipa::path(
    get, path = "/api/v1/admin/queue/jobs", tag = "queue", params(Listing::<AdminJobsQuery>),
    responses((status = 200, description = "A page of jobs, newest first", body = AdminJobList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing<AdminJobsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let query = &list.filter;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewQueue>(&caller, Platform).await?;
    let filter = AdminFilter {
        filter: Filter { state: query.state, kind: query.kind.clone(), from: query.from, to: query.to },
        user_id: query.user_id.map(UserId),
        org_id: query.org_id.map(OrgId),
        workspace_id: query.workspace_id.map(WorkspaceId),
    };
    list.json(AdminJobList::from(queue::list_all(&mut tx, &allowed, &filter, list.page).await?))
}

/// See any job
#[utoipa::path(
    get, path = "/api/v1/admin/queue/jobs/{job_id}", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job"), Fields),
    responses((status = 200, description = "The job, with every attempt that failed", body = AdminJobDetails)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
    Query(fields): Query<Fields>,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewQueue>(&caller, Platform).await?;
    fields.json(queue::get_any(&mut tx, &allowed, id).await?)
}

/// Cancel any job that waits or runs
///
/// What a worker has in hand for it is not committed.
#[utoipa::path(
    post, path = "/api/v1/admin/queue/jobs/{job_id}/cancel", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "The job, cancelled", body = AdminJob),
        (status = 409, description = "The job is finished (`job_finished`)", body = Problem),
    ),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
) -> Result<(At, axum::Json<AdminJob>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let job = queue::cancel_any(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), axum::Json(job)))
}

/// Retry any dead job
#[utoipa::path(
    post, path = "/api/v1/admin/queue/jobs/{job_id}/retry", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "The job, waiting", body = AdminJob),
        (status = 409, description = "The job is not dead (`job_not_dead`), or an equal one waits (`duplicate_job`)",
         body = Problem),
    ),
)]
pub(crate) async fn retry(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
) -> Result<(At, axum::Json<AdminJob>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let job = queue::retry_any(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), axum::Json(job)))
}

/// Remove anybody's finished jobs
#[utoipa::path(
    delete, path = "/api/v1/admin/queue/jobs", tag = "queue", params(AdminRemoveQuery),
    responses((status = 200, description = "How many were removed", body = Removed)),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<AdminRemoveQuery>,
) -> Result<(At, axum::Json<Removed>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let removed = queue::remove_any(&mut tx, &allowed, query.state, query.kind.as_deref()).await?;
    Ok((At(tx.commit().await?), axum::Json(removed.into())))
}
