//! A person's own workspace, and with whom it is shared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenancy::share::{NewShare, Share, SharedWith};
use tenancy::workspace;
use tenancy::{Address, Error, ShareId, ShareLevel, Tx, workspace_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Path;
use crate::context::{Me, Origin};
use crate::idempotency::{Create, Created};
use crate::list::Listing;
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::shares::ShareList;

/// Whom a personal workspace can be shared with.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonalGrantee {
    /// A person.
    User,
    /// The platform's administrators, who otherwise see nothing of it.
    Platform,
}

/// A share to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharePersonalWorkspace {
    /// With a person, or with the platform's administrators.
    grantee: PersonalGrantee,
    /// The person's address.
    email: Option<Address>,
    /// What it gives; administrators only ever read.
    level: ShareLevel,
    /// From when on it gives nothing; never, if left out.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<SharePersonalWorkspace> for NewShare {
    type Error = Error;

    fn try_from(body: SharePersonalWorkspace) -> Result<Self, Error> {
        let SharePersonalWorkspace { grantee, email, level, expires_at } = body;
        let with = match (grantee, email) {
            (PersonalGrantee::User, Some(email)) => SharedWith::Address(email),
            (PersonalGrantee::User, None) => return Err(Error::invalid("email", "wanted for a person")),
            (PersonalGrantee::Platform, None) => SharedWith::Platform,
            (PersonalGrantee::Platform, Some(_)) => {
                return Err(Error::invalid("email", "the platform has none"));
            }
        };
        Ok(Self { with, level, expires_at })
    }
}

/// List the shares of my workspace
#[utoipa::path(
    get, path = "/api/v1/me/workspace/shares", tag = "me", params(Listing),
    responses(
        (status = 200, description = "A page of shares", body = ShareList),
        (status = 404, description = "You have no personal workspace", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let id = workspace::personal(&mut tx, me.id).await?;
    let allowed = tx.authorize::<action::ListShares>(&me.caller, id).await?;
    list.json(ShareList::from(workspace::shares(&mut tx, &allowed, list.page).await?))
}

/// Share my workspace
///
/// As a whole, with a person or with the platform's administrators. Sharing again changes level and end.
#[utoipa::path(
    post, path = "/api/v1/me/workspace/shares", tag = "me", request_body = SharePersonalWorkspace,
    params(Create::<SharePersonalWorkspace>),
    responses(
        (status = 201, description = "The share", body = Share),
        (status = 404, description = "You have no personal workspace", body = Problem),
        (status = 422, description = "Not valid, or nobody has this address", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    new: Create<SharePersonalWorkspace>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: SharePersonalWorkspace| {
        let new = NewShare::try_from(body)?;
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
    responses((status = 204, description = "Ended")),
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
