//! Where a person works: in which organization and workspace.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::context::{self, CurrentContext};
use tenancy::{OrgId, Request, WorkspaceId, user_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::context::{Me, Origin};
use crate::problem::Problem;
use crate::routes::sessions::{Delivery, TokensView, deliver};

/// Where to work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchOrganization {
    /// In which organization; null: on your own.
    #[serde(deserialize_with = "Option::deserialize")]
    org_id: Option<OrgId>,
    /// In which workspace of it; if left out, in its default one if you see it, else in the first that you see.
    #[serde(default)]
    workspace_id: Option<WorkspaceId>,
}

/// Where to work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchWorkspace {
    /// In which workspace of the organization that you work in; of a personal one if you work on your own.
    workspace_id: WorkspaceId,
}

async fn to_organization(
    app: &App,
    me: &Me,
    request: Request,
    headers: &HeaderMap,
    to: SwitchOrganization,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Switch>(&me.caller, me.id).await?;
    let grant = context::switch_organization(&mut tx, &allowed, to.org_id, to.workspace_id).await?;
    tx.commit().await?;
    deliver(app, grant, Delivery::as_sent(headers)).await
}

/// Work in another organization
///
/// In this session, from now on. The session gets new tokens, as they came; the old ones end.
#[utoipa::path(
    post, path = "/api/v1/switch/organization", tag = "context", request_body = SwitchOrganization,
    responses(
        (status = 200, description = "New tokens", body = TokensView),
        (status = 403, description = "`no_longer_member`, or `membership_suspended`, or not allowed", body = Problem),
        (status = 404, description = "No such organization, or no such workspace of it", body = Problem),
    ),
)]
pub(crate) async fn organization(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    headers: HeaderMap,
    Json(body): Json<SwitchOrganization>,
) -> Result<Response, Problem> {
    to_organization(&app, &me, request, &headers, body).await
}

/// Make an organization the current one
///
/// The same as `POST /switch/organization`.
#[utoipa::path(
    put, path = "/api/v1/orgs/current", tag = "context", request_body = SwitchOrganization,
    responses(
        (status = 200, description = "New tokens", body = TokensView),
        (status = 403, description = "`no_longer_member`, or `membership_suspended`, or not allowed", body = Problem),
        (status = 404, description = "No such organization, or no such workspace of it", body = Problem),
    ),
)]
pub(crate) async fn put_organization(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    headers: HeaderMap,
    Json(body): Json<SwitchOrganization>,
) -> Result<Response, Problem> {
    to_organization(&app, &me, request, &headers, body).await
}

/// Work in another workspace
///
/// Of the organization that you work in. The session gets new tokens, as they came; the old ones end.
#[utoipa::path(
    post, path = "/api/v1/switch/workspace", tag = "context", request_body = SwitchWorkspace,
    responses(
        (status = 200, description = "New tokens", body = TokensView),
        (status = 403, description = "`no_longer_member`, or `membership_suspended`, or not allowed", body = Problem),
        (status = 404, description = "No such workspace where you work", body = Problem),
    ),
)]
pub(crate) async fn workspace(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    headers: HeaderMap,
    Json(body): Json<SwitchWorkspace>,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Switch>(&me.caller, me.id).await?;
    let grant = context::switch_workspace(&mut tx, &allowed, body.workspace_id).await?;
    tx.commit().await?;
    deliver(&app, grant, Delivery::as_sent(&headers)).await
}

/// See where I work
///
/// With what you may do there: in the organization, in the workspace, and on the platform. What wants your password again
/// first is listed apart.
#[utoipa::path(
    get, path = "/api/v1/switch/current", tag = "context",
    responses((status = 200, description = "Where you work", body = CurrentContext)),
)]
pub(crate) async fn current(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::View>(&me.caller, me.id).await?;
    Ok(axum::Json(context::current(&mut tx, &allowed).await?))
}
