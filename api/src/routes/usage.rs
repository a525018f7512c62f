//! What organizations use of what their plan allows.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tenancy::org_action;
use tenancy::usage::{self, Counted, Metric, NewUsage, UsageReport};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Asker, Origin};
use crate::list::Fields;
use crate::once;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// Usage to be counted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordUsage {
    /// Of what.
    metric: Metric,
    /// How much.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    amount: i64,
    /// What tells it from other usage: the same key is the same usage, and counted once within 40 days.
    #[schema(min_length = 1, max_length = 100, example = "chat-4711-turn-3")]
    key: String,
}

/// See what an organization uses
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/usage", tag = "usage",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Fields),
    responses(
        (status = 200, description = "Its usage", body = UsageReport),
        (
            status = 409,
            description = "`unknown_plan`: the policy folder has its plan no longer; `no_current_organization`",
            body = Problem,
        ),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(fields): Query<Fields>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::ViewUsage>(&caller, org).await?;
    fields.json(usage::report(&mut tx, &allowed).await?)
}

/// Count what an organization has used
///
/// All of it or nothing, by the calendar month of UTC.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/usage/records", tag = "usage", request_body = RecordUsage,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 201, description = "What was counted", body = Counted),
        (status = 200, description = "The same, counted before with this key", body = Counted),
        (
            status = 409,
            description = "`limit_reached`: nothing was counted; `key_reused`: the key came before with another amount; \
                           `no_current_organization`",
            body = Problem,
        ),
    ),
)]
pub(crate) async fn record(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<RecordUsage>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let new = NewUsage { metric: body.metric, amount: body.amount, key: body.key };
    let mut tx = app.db.begin(request).await?;
    let seen = tx.authorize::<org_action::View>(&caller, org).await?;
    // Who may not count anything at all learns nothing of what was counted.
    tx.authorize_with::<org_action::RecordUsage>(&caller, org, usage::nothing()).await?;
    let counting = usage::begin(&mut tx, &seen, new).await?;
    let allowed = tx.authorize_with::<org_action::RecordUsage>(&caller, org, counting.context()).await?;
    let counted = usage::record(&mut tx, &allowed, counting).await?;
    Ok(once::answer(tx.commit().await?, counted))
}
