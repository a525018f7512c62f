//! Sharing workspaces as a whole.

use serde_json::Value;

use super::{forget_unseen, org_of};
use crate::action::workspace;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{ShareId, UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::share::{Found, NewShare, On, Share};
use crate::tx::{Authorized, Tx};

/// The personal workspace of a person.
///
/// # Errors
/// [`Error::NotFound`] if they have none.
pub async fn personal(tx: &mut Tx, owner: UserId) -> Result<WorkspaceId> {
    let id = sqlx::query_scalar!("select id from workspaces where owner_id = $1", owner.0)
        .fetch_optional(tx.connection())
        .await?;
    id.map(WorkspaceId).ok_or(Error::NotFound("personal workspace"))
}

/// With whom a workspace is shared, oldest share first; those that have expired are listed until they are revoked.
///
/// # Errors
/// If the store does not answer.
pub async fn shares(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ListShares>,
    page: Page,
) -> Result<Paged<Share>> {
    On::Workspace(*allowed.target()).list(tx, page).await
}

/// Shares a workspace as a whole. Sharing again with the same grantee changes level and end.
///
/// # Errors
/// [`Error::Invalid`] if there is no such grantee, for oneself, for an end that is past, for more than reading to the
/// platform's administrators, and for a personal workspace with others than people and these;
/// [`Error::Conflict`] `already_member` for somebody who is in the workspace.
pub async fn share(tx: &mut Tx, allowed: &Authorized<workspace::Share>, new: &NewShare) -> Result<Share> {
    let workspace = *allowed.target();
    new.check(tx.now())?;
    let with = new.with.find(tx, allowed.actor(), workspace).await?;
    if let Found::User(id) = with
        && is_in(tx, workspace, id).await?
    {
        let message = "this person is a member of the workspace; give them another role instead";
        return Err(Error::conflict("already_member", message));
    }
    let (share, before, after) = On::Workspace(workspace).put(tx, with, new).await?;
    let home = org_of(tx, workspace).await?;
    tx.record(allowed, home, &allowed.uid(), Change { before, after }).await?;
    Ok(share)
}

/// Ends a share of a workspace at once.
///
/// # Errors
/// [`Error::NotFound`] if the workspace has no such share.
pub async fn revoke_share(
    tx: &mut Tx,
    allowed: &Authorized<workspace::RevokeShare>,
    id: ShareId,
) -> Result<()> {
    let workspace = *allowed.target();
    let before = On::Workspace(workspace).revoke(tx, id).await?;
    forget_unseen(tx, workspace).await?;
    let home = org_of(tx, workspace).await?;
    tx.record(allowed, home, &allowed.uid(), Change { before, after: Value::Null }).await
}

async fn is_in(tx: &mut Tx, workspace: WorkspaceId, person: UserId) -> Result<bool> {
    let is_in = sqlx::query_scalar!(
        r#"select exists (select from workspace_members where workspace_id = $1 and user_id = $2) as "is!""#,
        workspace.0,
        person.0,
    );
    Ok(is_in.fetch_one(tx.connection()).await?)
}
