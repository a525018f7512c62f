//! A person's own workspace, and with whom it is shared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenancy::workspace::{self, Grantee, NewWorkspaceShare, WorkspaceShare};
use tenancy::{Address, Error, ShareId, ShareLevel, Tx, workspace_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Me, Origin};
use crate::idempotency::{Create, Created, IdempotencyHeader};
use crate::list::{ListQuery, PageView};
use crate::problem::Problem;
use crate::revision::At;

/// A share to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareWorkspace {
    /// With a person, or with the platform's administrators.
    grantee: Grantee,
    /// The person's address.
    email: Option<Address>,
    /// What it gives; administrators only ever read.
    level: ShareLevel,
    /// From when on it gives nothing; never, if left out.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<ShareWorkspace> for NewWorkspaceShare {
    type Error = Error;

    fn try_from(body: ShareWorkspace) -> Result<Self, Error> {
        let ShareWorkspace { grantee, email, level, expires_at } = body;
        match (grantee, &email) {
            (Grantee::User, None) => Err(Error::invalid("email", "wanted for a person")),
            (Grantee::Platform, Some(_)) => Err(Error::invalid("email", "the platform has none")),
            _ => Ok(Self { email, level, expires_at }),
        }
    }
}

/// A page of shares.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct WorkspaceShareList {
    shares: Vec<WorkspaceShare>,
    #[serde(flatten)]
    page: PageView,
}

/// List the shares of my workspace
#[utoipa::path(
    get, path = "/api/v1/me/workspace/shares", tag = "me", params(ListQuery),
    responses(
        (status = 200, description = "A page of shares", body = WorkspaceShareList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You have no personal workspace", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.page()?;
    let mut tx = app.db.begin(request).await?;
    let id = workspace::personal(&mut tx, me.id).await?;
    let allowed = tx.authorize::<action::ListShares>(&me.caller, id).await?;
    query.json("shares", workspace::shares(&mut tx, &allowed, page).await?)
}

/// Share my workspace
///
/// As a whole, with a person or with the platform's administrators. Sharing again changes level and end.
#[utoipa::path(
    post, path = "/api/v1/me/workspace/shares", tag = "me", request_body = ShareWorkspace, params(IdempotencyHeader),
    responses(
        (status = 201, description = "The share", body = WorkspaceShare),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You have no personal workspace", body = Problem),
        (status = 422, description = "Not valid, or nobody has this address", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    new: Create<ShareWorkspace>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: ShareWorkspace| {
        let new = NewWorkspaceShare::try_from(body)?;
        let id = workspace::personal(tx, me.id).await?;
        let allowed = tx.authorize::<action::Share>(&me.caller, id).await?;
        Ok(Created::new(workspace::share(tx, &allowed, &new).await?))
    };
    new.run(&app, request, &me.caller, create).await
}

/// End a share of my workspace
#[utoipa::path(
    delete, path = "/api/v1/me/workspace/shares/{share_id}", tag = "me",
    params(("share_id" = ShareId, Path, description = "The share")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such share of yours", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ShareId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let workspace = workspace::personal(&mut tx, me.id).await?;
    let allowed = tx.authorize::<action::RevokeShare>(&me.caller, workspace).await?;
    workspace::revoke_share(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
