//! Kinds of jobs: how it goes with them, when they run by themselves, and whether they are paused.

use axum::extract::State;
use serde::Serialize;
use tenancy::queue::{self, Pause, Stats, Timetable};
use tenancy::{Platform, platform};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;

/// The kinds that run by themselves.
#[derive(Serialize, ToSchema)]
pub(crate) struct Schedules {
    /// By name.
    schedules: Vec<Timetable>,
}

/// See how it goes with all queues
#[utoipa::path(
    get, path = "/api/v1/admin/queue", tag = "queue",
    responses((status = 200, description = "Figures of all queues and all kinds of jobs", body = Stats)),
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
        (status = 200, description = "Paused, now or before", body = Pause),
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
        (status = 200, description = "Not paused, now or before", body = Pause),
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
