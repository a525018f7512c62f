//! The installation in figures.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use tenancy::stats::{self, QueueFigures, Stats};
use tenancy::{Platform, platform};
use utoipa::ToSchema;

use crate::app::App;
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// The installation in figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsView {
    /// People, by the status of their account.
    #[schema(example = json!({ "pending": 2, "active": 40 }))]
    users: BTreeMap<&'static str, i64>,
    /// Pending accounts whose trial is over within 12 hours, or is over and was not ended yet.
    approvals_due: i64,
    /// Organizations, by their plan.
    #[schema(example = json!({ "free": 3, "pro": 1 }))]
    organizations: BTreeMap<String, i64>,
    queue: QueueFiguresView,
    /// Deletions that wait or run.
    purges: i64,
    /// How many decisions were made in the last full minute. Null where the decision log cannot tell: it does not go
    /// to Postgres, or leaves some out.
    decisions_per_minute: Option<i64>,
}

/// Background work in figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueFiguresView {
    /// For how many seconds the oldest job has been due that nobody has begun, paused kinds left out; null if there
    /// is none.
    lag_seconds: Option<f64>,
    /// Jobs that wait.
    pending: i64,
    /// Jobs that run.
    running: i64,
    /// Jobs that are done and not yet removed.
    done: i64,
    /// Jobs that were given up.
    dead: i64,
    /// Jobs that were called off and not yet removed.
    cancelled: i64,
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        Self {
            users: stats.users,
            approvals_due: stats.approvals_due,
            organizations: stats.organizations,
            queue: stats.queue.into(),
            purges: stats.purges,
            decisions_per_minute: stats.decisions_per_minute,
        }
    }
}

impl From<QueueFigures> for QueueFiguresView {
    fn from(figures: QueueFigures) -> Self {
        Self {
            lag_seconds: figures.lag_seconds,
            pending: figures.pending,
            running: figures.running,
            done: figures.done,
            dead: figures.dead,
            cancelled: figures.cancelled,
        }
    }
}

/// See the installation in figures
#[utoipa::path(
    get, path = "/api/v1/admin/stats", tag = "operations",
    responses((status = 200, description = "Counted now", body = StatsView)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
) -> Result<axum::Json<StatsView>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::ViewStats>(&caller, Platform).await?;
    Ok(axum::Json(stats::stats(&mut tx, &allowed, app.db.log()).await?.into()))
}
