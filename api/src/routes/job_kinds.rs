//! Kinds of jobs: how it goes with them, when they run by themselves, and whether they are paused.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tenancy::queue::{self, Pause, Stats, Timetable};
use tenancy::{Platform, platform};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::queue::JobStateView;

/// How many jobs there are, and how it goes with them.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Counts`
pub(crate) struct FiguresView {
    /// That wait.
    pending: i64,
    /// That run.
    running: i64,
    /// That are done and not yet removed.
    done: i64,
    /// That were given up.
    dead: i64,
    /// That were called off and not yet removed.
    cancelled: i64,
    /// For how many seconds the oldest of them that waits and is not paused has been due; null if none is.
    lag_seconds: Option<f64>,
    /// Done within the last minute.
    done_last_minute: i64,
    /// Done within the last hour.
    done_last_hour: i64,
    /// Attempts that failed within the last hour.
    failures_last_hour: i64,
}

/// A kind of job.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::KindStats`
pub(crate) struct KindStatsView {
    #[schema(example = "mail.send")]
    kind: String,
    /// What a worker told of it; null if none did.
    registered: Option<RegisteredView>,
    /// Since when it is paused.
    paused_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    figures: FiguresView,
}

/// What a worker told of a kind.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Registered`
pub(crate) struct RegisteredView {
    /// The queue in which its jobs wait for a free place.
    queue: String,
    /// How often a job is tried.
    attempts: i32,
    /// How long an attempt may take.
    timeout_seconds: i32,
    /// How long a job is tried, counted from when it became due.
    lifetime_seconds: i64,
    /// How often it runs by itself; null if it does not.
    every_seconds: Option<i32>,
}

/// A queue: all its kinds together.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::QueueStats`
pub(crate) struct QueueStatsView {
    queue: String,
    #[serde(flatten)]
    figures: FiguresView,
}

/// All queues, and all kinds of jobs.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Stats`
pub(crate) struct QueueView {
    /// By name.
    queues: Vec<QueueStatsView>,
    /// By name. A kind that no worker told of is in none of the queues.
    kinds: Vec<KindStatsView>,
}

/// A kind that runs by itself.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Timetable`
pub(crate) struct TimetableView {
    kind: String,
    /// The length of a slot.
    every_seconds: i32,
    /// Since when it is paused.
    paused_at: Option<DateTime<Utc>>,
    /// The slot that was taken last.
    last_slot: Option<DateTime<Utc>>,
    /// The run of that slot.
    last_job_id: Option<Uuid>,
    /// How that run is; null once it is removed, and where a run before it was still waiting and did for both.
    last_job_state: Option<JobStateView>,
}

/// The kinds that run by themselves.
#[derive(Serialize, ToSchema)]
pub(crate) struct Schedules {
    /// By name.
    #[schema(value_type = Vec<TimetableView>)]
    schedules: Vec<Timetable>,
}

/// See how it goes with all queues
#[utoipa::path(
    get, path = "/api/v1/admin/queue", tag = "queue",
    responses((status = 200, description = "Figures of all queues and all kinds of jobs", body = QueueView)),
)]
pub(crate) async fn stats(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
) -> Result<axum::Json<Stats>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewQueue>(&caller, Platform).await?;
    Ok(axum::Json(queue::stats(&mut tx, &allowed).await?))
}

/// See what runs by itself
#[utoipa::path(
    get, path = "/api/v1/admin/queue/schedules", tag = "queue",
    responses((status = 200, description = "The kinds that run by themselves", body = Schedules)),
)]
pub(crate) async fn schedules(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
) -> Result<axum::Json<Schedules>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewQueue>(&caller, Platform).await?;
    Ok(axum::Json(Schedules { schedules: queue::timetables(&mut tx, &allowed).await? }))
}

/// Whether jobs of a kind are begun.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::queue::Pause`
pub(crate) struct PauseView {
    kind: String,
    /// Since when they are not; null if they are.
    paused_at: Option<DateTime<Utc>>,
}

/// What was retried.
#[derive(Serialize, ToSchema)]
pub(crate) struct Retried {
    /// How many jobs; at most 5 000 in one call.
    retried: i64,
    /// How many of the kind are still dead: more than one call takes, or such to which an equal one waits.
    remaining: i64,
}

/// Pause a kind of job
///
/// No job of it begins from now on; those that run are finished. Pausing twice is no error.
#[utoipa::path(
    post, path = "/api/v1/admin/queue/kinds/{kind}/pause", tag = "queue",
    params(("kind" = String, Path, description = "The kind")),
    responses(
        (status = 200, description = "Paused, now or before", body = PauseView),
        (status = 404, description = "No worker has told of such a kind", body = Problem),
    ),
)]
pub(crate) async fn pause(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(kind): Path<String>,
) -> Result<(At, axum::Json<Pause>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let paused = queue::pause(&mut tx, &allowed, &kind).await?;
    Ok((At(tx.commit().await?), axum::Json(paused)))
}

/// Resume a kind of job
#[utoipa::path(
    post, path = "/api/v1/admin/queue/kinds/{kind}/resume", tag = "queue",
    params(("kind" = String, Path, description = "The kind")),
    responses(
        (status = 200, description = "Not paused, now or before", body = PauseView),
        (status = 404, description = "No worker has told of such a kind", body = Problem),
    ),
)]
pub(crate) async fn resume(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(kind): Path<String>,
) -> Result<(At, axum::Json<Pause>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let resumed = queue::resume(&mut tx, &allowed, &kind).await?;
    Ok((At(tx.commit().await?), axum::Json(resumed)))
}

/// Retry the dead jobs of a kind
///
/// The oldest first. Those to which an equal one waits stay dead.
#[utoipa::path(
    post, path = "/api/v1/admin/queue/kinds/{kind}/retry", tag = "queue",
    params(("kind" = String, Path, description = "The kind")),
    responses(
        (status = 200, description = "How many wait now", body = Retried),
        (status = 409, description = "An equal job was enqueued meanwhile (`contention`): try again", body = Problem),
    ),
)]
pub(crate) async fn retry_dead(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(kind): Path<String>,
) -> Result<(At, axum::Json<Retried>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ManageQueue>(&caller, Platform).await?;
    let done = queue::retry_dead(&mut tx, &allowed, &kind).await?;
    let body = Retried { retried: done.count, remaining: done.remaining };
    Ok((At(tx.commit().await?), axum::Json(body)))
}
