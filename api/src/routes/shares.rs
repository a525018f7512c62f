//! Shares as they are made and listed everywhere, and what others share with the caller.

use axum::extract::State;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenancy::share::{self, Grantee, NewShare, Share, SharedKind, SharedThing, SharedWith};
use tenancy::{Address, Error, OrgId, ShareLevel, UserId, WorkspaceId, user_action as user};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::context::{Me, Origin};
use crate::list::{Listing, page};
use crate::problem::Problem;

page!(
    /// A page of shares.
    ShareList { shares: Share }
);

page!(
    /// A page of what is shared with somebody.
    SharedList { shared: SharedThing }
);

/// A share to be made. It names one grantee, in one way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateShare {
    /// With whom.
    grantee: Grantee,
    /// A person's address.
    email: Option<Address>,
    /// Instead: the id of a person who is a member of the workspace's organization.
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

impl TryFrom<CreateShare> for NewShare {
    type Error = Error;

    fn try_from(body: CreateShare) -> Result<Self, Error> {
        let CreateShare { grantee, email, user_id, org_id, org_slug, workspace_id, level, expires_at } = body;
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

/// Which of what is shared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SharedFilter {
    /// Only of this kind.
    kind: Option<SharedKind>,
}

/// See what others share with you
///
/// With yourself, with an organization of yours, or with a workspace that you are in; newest first. What has expired is
/// not among it.
#[utoipa::path(
    get, path = "/api/v1/me/shares", tag = "me",
    params(Listing::<SharedFilter>),
    responses((status = 200, description = "A page of what is shared with you", body = SharedList)),
)]
pub(crate) async fn with_me(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
    list: Listing<SharedFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::ListShared>(&caller, id).await?;
    list.json(SharedList::from(share::shared_with(&mut tx, &allowed, list.filter.kind, list.page).await?))
}
