//! The state of the policy folder.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tenancy::{Platform, platform};
use utoipa::ToSchema;

use crate::app::App;
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// The policies in force, and how the folder on disk is.
#[derive(Serialize, ToSchema)]
pub(crate) struct PoliciesView {
    /// Over all files; equal on every replica that decides alike.
    hash: String,
    /// When the policies in force were loaded.
    loaded_at: DateTime<Utc>,
    /// How long ago that was.
    age_seconds: i64,
    /// The files in force, with `file` and the number of `policies` in each.
    files: Vec<Value>,
    /// The policies in force, with `id`, `description`, `effect`, `code` (if it has one), `file` and `line`.
    policies: Vec<Value>,
    /// What may not be as meant.
    warnings: Vec<Value>,
    /// What is wrong with the folder on disk, if its last change could not be loaded; then the policies in force are
    /// older.
    broken: Option<BrokenView>,
}

/// A folder that could not be loaded.
#[derive(Serialize, ToSchema)]
struct BrokenView {
    /// Since when.
    since: DateTime<Utc>,
    /// What is wrong, with `file`, `line`, `column` and `message`.
    errors: Vec<Value>,
}

/// See the policies in force
#[utoipa::path(
    get, path = "/api/v1/policies", tag = "policies",
    responses((status = 200, description = "The policies", body = PoliciesView)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
) -> Result<axum::Json<PoliciesView>, Problem> {
    let mut tx = app.db.begin(request).await?;
    tx.authorize::<platform::ViewPolicies>(&caller, Platform).await?;
    let (snapshot, status) = (tx.snapshot(), app.db.policies().status());
    Ok(axum::Json(PoliciesView {
        hash: snapshot.hash().to_owned(),
        loaded_at: status.loaded_at,
        age_seconds: (tx.now() - status.loaded_at).num_seconds(),
        files: values(snapshot.files()),
        policies: values(&snapshot.policies()),
        warnings: values(snapshot.warnings()),
        broken: status.broken.map(|(since, report)| BrokenView {
            since,
            errors: values(&report.errors().collect::<Vec<_>>()),
        }),
    }))
}

fn values<T: Serialize>(items: &[T]) -> Vec<Value> {
    items.iter().filter_map(|item| serde_json::to_value(item).ok()).collect()
}
