//! With whom organizations' workspaces are shared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenancy::share::{NewShare, Share};
use tenancy::workspace;
use tenancy::{ShareId, Tx, WorkspaceId, workspace_action as action};

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::Listing;
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::shares::{CreateShare, ShareList};
use crate::routes::workspaces::{authorize, within};

/// List the shares of a workspace
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Listing,
    ),
    responses((status = 200, description = "A page of shares", body = ShareList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::ListShares>(&app, request, &caller, path).await?;
    list.json(ShareList::from(workspace::shares(&mut tx, &allowed, list.page).await?))
}

/// Share a workspace
///
/// As a whole: with a person, the members of an organization or of another workspace, or the platform's administrators.
/// Sharing again changes level and end.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", tag = "workspaces",
    request_body = CreateShare,
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Create::<CreateShare>,
    ),
    responses(
        (status = 201, description = "The share", body = Share),
        (status = 409, description = "`already_member` of the workspace, or `no_current_organization`", body = Problem),
        (status = 422, description = "Not valid, or there is no such grantee", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    new: Create<CreateShare>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: CreateShare| {
        let new = NewShare::try_from(body)?;
        let allowed = authorize::<action::Share>(tx, &caller, path).await?;
        Ok(Created::new(workspace::share(tx, &allowed, &new).await?))
    };
    new.run(&app, request, &caller, create).await
}

/// End a share of a workspace
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares/{share_id}", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("share_id" = ShareId, Path, description = "The share"),
    ),
    responses((status = 204, description = "Ended")),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id, share)): Path<(OrgRef, WorkspaceId, ShareId)>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::RevokeShare>(&app, request, &caller, (org, id)).await?;
    workspace::revoke_share(&mut tx, &allowed, share).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
