//! Sharing one resource. The application decides who may, and does it with its key.

use serde_json::Value;

use super::{read, uid};
use crate::action::workspace;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{ResourceId, ShareId};
use crate::page::{Page, Paged};
use crate::share::{Found, NewShare, On, Share};
use crate::tx::{Authorized, Tx};
use crate::workspace::org_of;

/// With whom a resource is shared, oldest share first; those that have expired are listed until they are revoked.
///
/// # Errors
/// [`Error::NotFound`] if it does not lie in the workspace that was authorized.
pub async fn shares(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ReadResources>,
    id: &ResourceId,
    page: Page,
) -> Result<Paged<Share>> {
    read(tx, *allowed.target(), id).await?;
    On::Resource(id).list(tx, page).await
}

/// Shares a resource. Sharing again with the same grantee changes level and end.
///
/// # Errors
/// [`Error::NotFound`] if it does not lie in the workspace that was authorized; [`Error::Invalid`] if there is no such
/// grantee, for an end that is past, and for the platform's administrators, who are only ever given whole workspaces.
pub async fn share(
    tx: &mut Tx,
    allowed: &Authorized<workspace::WriteResources>,
    id: &ResourceId,
    new: &NewShare,
) -> Result<Share> {
    let workspace = *allowed.target();
    new.check(tx.now())?;
    read(tx, workspace, id).await?;
    let with = new.with.find(tx, allowed.actor(), workspace).await?;
    if let Found::Platform = with {
        let message = "a resource is shared with a person, an organization or a workspace";
        return Err(Error::invalid("grantee", message));
    }
    let (share, before, after) = On::Resource(id).put(tx, with, new).await?;
    let org = org_of(tx, workspace).await?;
    tx.record(allowed, org, &uid(tx, id)?, Change { before, after }).await?;
    Ok(share)
}

/// Ends a share of a resource at once.
///
/// # Errors
/// [`Error::NotFound`] if the workspace that was authorized has no such resource, or it has no such share.
pub async fn revoke_share(
    tx: &mut Tx,
    allowed: &Authorized<workspace::WriteResources>,
    id: &ResourceId,
    share: ShareId,
) -> Result<()> {
    read(tx, *allowed.target(), id).await?;
    let before = On::Resource(id).revoke(tx, share).await?;
    let org = org_of(tx, *allowed.target()).await?;
    tx.record(allowed, org, &uid(tx, id)?, Change { before, after: Value::Null }).await
}
