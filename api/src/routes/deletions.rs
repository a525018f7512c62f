//! Deleting accounts, organizations and workspaces: what it would do, and asking for it.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenancy::purge::{self, Asked, DeletionPlan};
use tenancy::{
    Password, Purge, Revision, UserId, WorkspaceId, org_action, user_action, workspace, workspace_action,
};
use utoipa::ToSchema;

use super::workspaces::within;
use crate::app::App;
use crate::body::{Json, Path};
use crate::client_address::ClientAddress;
use crate::context::{Asker, Me, Origin};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;
use crate::throttle;

/// Where those who asked see how it goes.
const MINE: &str = "/api/v1/me/purge";

/// Where administrators do.
const ANY: &str = "/api/v1/admin/purges";

/// Proof that whoever is signed in means it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteMe {
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// Proof that the right organization is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteOrganization {
    /// The name of the organization, typed again.
    #[schema(example = "Acme")]
    name: String,
}

/// A deletion that has begun, or waits to.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedView {
    #[serde(flatten)]
    purge: Purge,
    /// Shows it at `GET /api/v1/me/purge/{purge_id}?token=…`, and calls it off while it waits, without an account. Told this
    /// once.
    #[schema(example = "dwp_…")]
    token: String,
}

/// Access has ended; what was there is erased from now on.
fn begun(Asked { purge, token }: Asked, revision: Revision, place: &str) -> Response {
    let location = HeaderValue::try_from(format!("{place}/{}", purge.id)).ok();
    let view = AskedView { purge, token: token.reveal().to_owned() };
    let mut response = (StatusCode::ACCEPTED, At(revision), axum::Json(view)).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// See what would go with my account
#[utoipa::path(
    get, path = "/api/v1/me/deletion", tag = "me",
    responses((status = 200, description = "Counted now", body = DeletionPlan)),
)]
pub(crate) async fn plan_me(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<axum::Json<DeletionPlan>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::PreviewDelete>(&me.caller, me.id).await?;
    Ok(axum::Json(purge::plan_account(&mut tx, &allowed).await?))
}

/// Delete my account
///
/// With all that you own; where you are only a member, everything stays. Access ends with the answer, and the address is free
/// again; the rest is erased in the background. An organization that nobody else is in goes along. Wants the password, and a
/// session that has proved in the last ten minutes who it is.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "me", request_body = DeleteMe,
    responses(
        (status = 202, description = "It has begun, or waits until `due_at`", body = AskedView,
         headers(("Location" = String, description = "Where it is shown"))),
        (status = 409, description = "`sole_owner`: organizations with other members would lose their only owner; `last_super_admin`; `already_deleting`", body = Problem),
        (status = 429, description = "Too many failures", body = Problem)),
)]
pub(crate) async fn delete_me(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    client: ClientAddress,
    Json(body): Json<DeleteMe>,
) -> Result<Response, Problem> {
    let pass = throttle::sign_in(&app, client, &me.id.to_string()).await?;
    let outcome = purge::delete_account(&app.db, request, &me.caller, &body.password).await;
    let (asked, revision) = pass.judge(outcome).await?;
    let forget = [(HeaderName::from_static("clear-site-data"), r#""cache", "cookies", "storage""#)];
    Ok((app.cookies.clear(), forget, begun(asked, revision, MINE)).into_response())
}

/// See what would go with an organization
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/deletion", tag = "orgs",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 200, description = "Counted now", body = DeletionPlan),
        (status = 409, description = "`no_current_organization`", body = Problem)),
)]
pub(crate) async fn plan_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
) -> Result<axum::Json<DeletionPlan>, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::PreviewDelete>(&caller, org).await?;
    Ok(axum::Json(purge::plan_org(&mut tx, &allowed).await?))
}

/// Delete an organization
///
/// With everything in it, for all of its members. Access ends with the answer. Wants its name, and a session that has proved
/// in the last ten minutes who it is.
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}", tag = "orgs", request_body = DeleteOrganization,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 202, description = "It has begun, or waits until `due_at`", body = AskedView,
         headers(("Location" = String, description = "Where it is shown"))),
        (status = 409, description = "`already_deleting`, or `no_current_organization`", body = Problem)),
)]
pub(crate) async fn delete_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<DeleteOrganization>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let asked = purge::delete_org(&mut tx, &caller, org, &body.name).await?;
    Ok(begun(asked, tx.commit().await?, MINE))
}

/// See what would go with a workspace
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/deletion", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
    ),
    responses(
        (status = 200, description = "Counted now", body = DeletionPlan),
        (status = 409, description = "`no_current_organization`", body = Problem)),
)]
pub(crate) async fn plan_workspace(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
) -> Result<axum::Json<DeletionPlan>, Problem> {
    let (mut tx, allowed) = within::<workspace_action::PreviewDelete>(&app, request, &caller, path).await?;
    Ok(axum::Json(purge::plan_workspace(&mut tx, &allowed).await?))
}

/// Delete a workspace
///
/// With everything in it, for good. Access ends with the answer. The default workspace stays until another one is it.
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
    ),
    responses(
        (status = 202, description = "It has begun, or waits until `due_at`", body = AskedView,
         headers(("Location" = String, description = "Where it is shown"))),
        (status = 409, description = "`default_workspace`, `already_deleting`, or `no_current_organization`", body = Problem)),
)]
pub(crate) async fn delete_workspace(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, WorkspaceId)>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let id = workspace::in_org(&mut tx, org, id).await?;
    let asked = purge::delete_workspace(&mut tx, &caller, id).await?;
    Ok(begun(asked, tx.commit().await?, MINE))
}

/// Delete somebody else's account
///
/// With all that they own. Only a disabled one, and not your own. Wants a session that has proved in the last ten minutes who
/// it is.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{user_id}", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 202, description = "It has begun, or waits until `due_at`", body = AskedView,
         headers(("Location" = String, description = "Where it is shown"))),
        (status = 409, description = "`not_disabled`; `sole_owner`: organizations with other members would lose their only owner; `already_deleting`", body = Problem)),
)]
pub(crate) async fn erase_user(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let asked = purge::erase_account(&mut tx, &caller, id).await?;
    Ok(begun(asked, tx.commit().await?, ANY))
}
