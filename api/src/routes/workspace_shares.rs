//! With whom organizations' workspaces are shared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenancy::workspace::{self, Grantee, NewWorkspaceShare, SharedWith, WorkspaceShare};
use tenancy::{
    Address, Error, OrgId, ShareId, ShareLevel, Tx, UserId, WorkspaceId, workspace_action as action,
};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::Listing;
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::personal_workspace::WorkspaceShareList;
use crate::routes::workspaces::{authorize, within};

/// A share to be made. It names one grantee, in one way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareWorkspace {
    /// With whom.
    grantee: Grantee,
    /// A person's address.
    email: Option<Address>,
    /// Instead: the id of a person who is a member of the organization.
    user_id: Option<UserId>,
    /// An organization, for all of its members.
    org_id: Option<OrgId>,
    /// Instead: its slug.
    #[schema(example = "acme")]
    org_slug: Option<String>,
    /// Another workspace that you see, for all of its members.
    workspace_id: Option<WorkspaceId>,
    /// What it gives; the platform's administrators only ever read.
    level: ShareLevel,
    /// From when on it gives nothing; never, if left out.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<ShareWorkspace> for NewWorkspaceShare {
    type Error = Error;

    fn try_from(body: ShareWorkspace) -> Result<Self, Error> {
        let ShareWorkspace { grantee, email, user_id, org_id, org_slug, workspace_id, level, expires_at } =
            body;
        let with = match (grantee, email, user_id, org_id, org_slug, workspace_id) {
            (Grantee::User, Some(email), None, None, None, None) => SharedWith::Address(email),
            (Grantee::User, None, Some(id), None, None, None) => SharedWith::User(id),
            (Grantee::Organization, None, None, Some(id), None, None) => SharedWith::Organization(id),
            (Grantee::Organization, None, None, None, Some(slug), None) => SharedWith::Slug(slug),
            (Grantee::Workspace, None, None, None, None, Some(id)) => SharedWith::Workspace(id),
            (Grantee::Platform, None, None, None, None, None) => SharedWith::Platform,
            _ => {
                let message = "a user is named by email or user_id, an organization by org_id or org_slug, a workspace by \
                               workspace_id, the platform by nothing";
                return Err(Error::invalid("grantee", message));
            }
        };
        Ok(Self { with, level, expires_at })
    }
}

/// List the shares of a workspace
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Listing,
    ),
    responses((status = 200, description = "A page of shares", body = WorkspaceShareList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::ListShares>(&app, request, &caller, path).await?;
    list.json(WorkspaceShareList::from(workspace::shares(&mut tx, &allowed, list.page).await?))
}

/// Share a workspace
///
/// As a whole: with a person, the members of an organization or of another workspace, or the platform's administrators.
/// Sharing again changes level and end.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", tag = "workspaces",
    request_body = ShareWorkspace,
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Create::<ShareWorkspace>,
    ),
    responses(
        (status = 201, description = "The share", body = WorkspaceShare),
        (status = 409, description = "`already_member` of the workspace, or `no_current_organization`", body = Problem),
        (status = 422, description = "Not valid, or there is no such grantee", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    new: Create<ShareWorkspace>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: ShareWorkspace| {
        let new = NewWorkspaceShare::try_from(body)?;
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
