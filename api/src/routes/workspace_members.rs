//! Who is in a workspace.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::workspace_member::{self, WorkspaceMember};
use tenancy::{Tx, UserId, WorkspaceId, WorkspaceRole, workspace_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path};
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::workspaces::{authorize, within};

page!(
    /// A page of members.
    WorkspaceMemberList { members: WorkspaceMember }
);

/// Who is let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddWorkspaceMember {
    /// A member of the organization.
    user_id: UserId,
    role: WorkspaceRole,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetWorkspaceRole {
    role: WorkspaceRole,
}

/// List the members of a workspace
///
/// Admins first, then editors, then viewers, each by name.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Listing,
    ),
    responses((status = 200, description = "A page of members", body = WorkspaceMemberList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::ListMembers>(&app, request, &caller, path).await?;
    list.json(WorkspaceMemberList::from(workspace_member::list(&mut tx, &allowed, list.page).await?))
}

/// Let a member of the organization into a workspace
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members", tag = "workspaces",
    request_body = AddWorkspaceMember,
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Create::<AddWorkspaceMember>,
    ),
    responses(
        (status = 201, description = "The member", body = WorkspaceMember),
        (status = 409, description = "`not_a_member` of the organization, or `already_member` of the workspace, or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn add(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    new: Create<AddWorkspaceMember>,
) -> Result<Response, Problem> {
    let add = async |tx: &mut Tx, body: AddWorkspaceMember| {
        let allowed = authorize::<action::AddMember>(tx, &caller, path).await?;
        Ok(Created::new(workspace_member::add(tx, &allowed, body.user_id, body.role).await?))
    };
    new.run(&app, request, &caller, add).await
}

/// Give a member of a workspace another role
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members/{user_id}", tag = "workspaces",
    request_body = SetWorkspaceRole,
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("user_id" = UserId, Path, description = "The member"),
    ),
    responses(
        (status = 200, description = "The member as they are now", body = WorkspaceMember),
        (status = 409, description = "`last_admin`: nobody could manage the workspace then; or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn set_role(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id, user)): Path<(OrgRef, WorkspaceId, UserId)>,
    Json(body): Json<SetWorkspaceRole>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::SetMemberRole>(&app, request, &caller, (org, id)).await?;
    let member = workspace_member::set_role(&mut tx, &allowed, user, body.role).await?;
    Ok((At(tx.commit().await?), axum::Json(member)))
}

/// Put a member out of a workspace
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members/{user_id}", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("user_id" = UserId, Path, description = "The member"),
    ),
    responses(
        (status = 204, description = "Out"),
        (status = 409, description = "`last_admin`: nobody could manage the workspace then; or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id, user)): Path<(OrgRef, WorkspaceId, UserId)>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::RemoveMember>(&app, request, &caller, (org, id)).await?;
    workspace_member::remove(&mut tx, &allowed, user).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Leave a workspace
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/leave", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
    ),
    responses(
        (status = 204, description = "Left"),
        (status = 403, description = "Not allowed: also for who is in it without being a member", body = Problem),
        (status = 409, description = "`last_admin`: nobody could manage the workspace then; or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn leave(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::Leave>(&app, request, &caller, path).await?;
    workspace_member::leave(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
