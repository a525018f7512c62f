//! How much somebody may store.

use axum::extract::State;
use tenancy::document::{self, Quota};
use tenancy::user_action;

use crate::app::App;
use crate::context::{Me, Origin};
use crate::problem::Problem;

/// See how much I may store, and do
#[utoipa::path(
    get, path = "/api/v1/me/quota", tag = "me",
    responses(
        (status = 200, description = "The quota", body = Quota),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<axum::Json<Quota>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ViewQuota>(&me.caller, me.id).await?;
    Ok(axum::Json(document::quota(&mut tx, &allowed).await?))
}
