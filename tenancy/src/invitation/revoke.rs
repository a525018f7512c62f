use serde_json::json;

use super::create::told;
use super::list::find;
use super::{InvitationState, ended};
use crate::action::invitation as action;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::Result;
use crate::id::{InvitationId, OrgId};
use crate::membership::role_context;
use crate::tx::Tx;

/// Takes an invitation back: its link is dead, and its seat is free. Doing so twice is no error.
///
/// # Errors
/// As [`Tx::authorize`]; [`Error::NotFound`](crate::Error) if the organization has no such invitation;
/// [`Error::Conflict`](crate::Error) if it was accepted.
pub async fn revoke(tx: &mut Tx, caller: &Caller, org: OrgId, id: InvitationId) -> Result<()> {
    tx.authorize::<action::List>(caller, org).await?;
    let role = find(tx, org, id).await?.role;
    let allowed = tx.authorize_with::<action::Revoke>(caller, org, role_context(role)).await?;
    let before = find(tx, org, id).await?;
    match before.state {
        InvitationState::Accepted => return Err(ended("accepted")),
        InvitationState::Revoked => return Ok(()),
        InvitationState::Pending | InvitationState::Expired => {}
    }
    let now = tx.now();
    sqlx::query!(
        "update invitations set revoked_at = $2, ended_at = coalesce(ended_at, $2) where id = $1",
        id.0,
        now
    )
    .execute(tx.connection())
    .await?;
    let after = json!({ "invitation": id, "revoked_at": now });
    tx.record(&allowed, None, &allowed.uid(), Change { before: told(&before), after }).await
}
