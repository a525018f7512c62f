//! Where people work: in an organization and a workspace of its, or on their own. It is kept with the session, and says
//! nothing of what they may do there.

mod current;
mod enter;
mod resume;

use serde_json::json;

pub use current::{Actions, CurrentContext, CurrentOrganization, CurrentWorkspace, current};
pub(crate) use resume::resume;

use crate::action::user;
use crate::audit::Change;
use crate::caller::Current;
use crate::error::{Error, Result};
use crate::id::{OrgId, SessionId, WorkspaceId};
use crate::session::{Grant, reissue};
use crate::tx::{Authorized, Tx};

/// Lets somebody work in another organization from now on, in this session; without one, on their own. Without a workspace
/// it is the organization's default one if they see it, else the first they see, else none. The session gets new tokens;
/// those it had are dead.
///
/// # Errors
/// [`Error::NotFound`] for an organization that the caller never belonged to, and for a workspace that is not the
/// organization's or that the caller does not see; [`Error::Refused`] `no_longer_member` and `membership_suspended`;
/// [`Error::Unauthenticated`] for who is not signed in.
pub async fn switch_organization(
    tx: &mut Tx,
    allowed: &Authorized<user::Switch>,
    org: Option<OrgId>,
    workspace: Option<WorkspaceId>,
) -> Result<Grant> {
    let session = session(allowed)?;
    if let Some(org) = org {
        enter::organization(tx, allowed.actor(), org).await?;
    }
    let workspace = match workspace {
        Some(wanted) => Some(enter::workspace(tx, allowed.actor(), org, wanted).await?),
        None => enter::first_workspace(tx, allowed.actor(), *allowed.target(), org).await?,
    };
    put(tx, allowed, session, Current { org, workspace }).await
}

/// Lets somebody work in another workspace of where they work now.
///
/// # Errors
/// As [`switch_organization`].
pub async fn switch_workspace(
    tx: &mut Tx,
    allowed: &Authorized<user::Switch>,
    workspace: WorkspaceId,
) -> Result<Grant> {
    let session = session(allowed)?;
    // As it is now: it may have changed since the request was let in.
    let org = sqlx::query_scalar!("select org_id from sessions where id = $1", session.0)
        .fetch_optional(tx.connection())
        .await?
        .ok_or(Error::Unauthenticated)?;
    switch_organization(tx, allowed, org.map(OrgId), Some(workspace)).await
}

fn session(allowed: &Authorized<user::Switch>) -> Result<SessionId> {
    allowed.actor().person().and_then(|person| person.session).ok_or(Error::Unauthenticated)
}

async fn put(
    tx: &mut Tx,
    allowed: &Authorized<user::Switch>,
    session: SessionId,
    to: Current,
) -> Result<Grant> {
    let now = tx.now();
    let before = sqlx::query!(
        "select org_id, workspace_id from sessions where id = $1 and user_id = $2 and revoked_at is null for update",
        session.0,
        allowed.target().0,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::Unauthenticated)?;
    sqlx::query!(
        "update sessions set org_id = $2, workspace_id = $3, last_seen_at = greatest(last_seen_at, $4) where id = $1",
        session.0,
        to.org.map(|id| id.0),
        to.workspace.map(|id| id.0),
        now,
    )
    .execute(tx.connection())
    .await?;
    let change = Change {
        before: json!({ "session": session, "org_id": before.org_id, "workspace_id": before.workspace_id }),
        after: json!({ "session": session, "org_id": to.org, "workspace_id": to.workspace }),
    };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    reissue(tx, *allowed.target(), session).await
}
