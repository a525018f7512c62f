//! All jobs, for those who look after the installation.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::queue::{self, AdminFilter, AdminJob, Filter, JobState};
use tenancy::{JobId, OrgId, Platform, UserId, WorkspaceId, platform};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::queue::{FailureView, JobStateView, JobView, Removed};

/// Which jobs of all, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminJobsQuery {
    /// Where they are on their way.
    #[param(inline, value_type = Option<JobStateView>)]
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

/// Which finished jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminRemoveQuery {
    /// `done`, `cancelled` or `dead`; those that are done and those that are cancelled, if left out.
    #[param(inline, value_type = Option<JobStateView>)]
    state: Option<JobState>,
    /// What kind of work; all kinds, if left out.
    kind: Option<String>,
}

/// A job with what only those see who look after all of them.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::AdminJob`
pub(crate) struct AdminJobView {
    #[serde(flatten)]
    job: JobView,
    /// The person that it is done for.
    user_id: Option<Uuid>,
    /// The organization.
    org_id: Option<Uuid>,
    /// The workspace.
    workspace_id: Option<Uuid>,
    /// No other job of the kind with this key waits at the same time.
    unique_key: Option<String>,
    /// What it is about: ids and choices.
    payload: Value,
    /// Since when it could have run; the deadline counts from here.
    due_since: DateTime<Utc>,
    /// When it was last handed to workers.
    relayed_at: Option<DateTime<Utc>>,
    /// How often it was handed to workers.
    epoch: i32,
    /// Until when its worker is believed to live.
    lease_until: Option<DateTime<Utc>>,
    /// The worker that runs it, or ran it last.
    worker: Option<String>,
    /// W3C traceparent of the request that asked for it.
    traceparent: Option<String>,
}

/// A job with all that went wrong, and where.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::AdminJobDetails`
pub(crate) struct AdminJobDetailsView {
    #[serde(flatten)]
    job: AdminJobView,
    /// Every attempt that failed, oldest first.
    failures: Vec<AdminFailureView>,
}

/// An attempt that failed, and where.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::AdminFailure`
pub(crate) struct AdminFailureView {
    #[serde(flatten)]
    failure: FailureView,
    /// The worker.
    worker: Option<String>,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct AdminJobList {
    jobs: Vec<AdminJobView>,
    #[serde(flatten)]
    page: PageView,
}

/// List all jobs
#[utoipa::path(
    get, path = "/api/v1/admin/queue/jobs", tag = "queue", params(AdminJobsQuery),
    responses((status = 200, description = "A page of jobs, newest first", body = AdminJobList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<AdminJobsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let list = ListQuery::new(query.page, query.limit, query.fields);
    let page = list.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewQueue>(&caller, Platform).await?;
    let filter = AdminFilter {
        filter: Filter { state: query.state, kind: query.kind, from: query.from, to: query.to },
        user_id: query.user_id.map(UserId),
        org_id: query.org_id.map(OrgId),
        workspace_id: query.workspace_id.map(WorkspaceId),
    };
    list.json("jobs", queue::list_all(&mut tx, &allowed, &filter, page).await?)
}

/// See any job
#[utoipa::path(
    get, path = "/api/v1/admin/queue/jobs/{job_id}", tag = "queue",
    params(("job_id" = Uuid, Path, description = "The job"), FieldsQuery),
    responses((status = 200, description = "The job, with every attempt that failed", body = AdminJobDetailsView)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<JobId>,
    Query(fields): Query<FieldsQuery>,
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
        (status = 200, description = "The job, cancelled", body = AdminJobView),
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
        (status = 200, description = "The job, waiting", body = AdminJobView),
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
