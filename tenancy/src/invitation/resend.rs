use serde_json::json;

use super::create::may_let_in;
use super::list::find;
use super::{Invitation, InvitationState, InvitationToken, ended, make_room};
use crate::action::invitation as action;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::Result;
use crate::id::{InvitationId, OrgId};
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::membership::role_context;
use crate::tx::Tx;

/// The address of an invitation to somebody whose account was erased.
const NOBODY: &str = "erased@doorward.invalid";

/// Sends an invitation again, with a new link: the one before is dead. It is good from now on for as long as it was. One whose
/// time is over takes a seat again, and so wants what making one wants.
///
/// # Errors
/// As [`super::create`]; [`Error::NotFound`](crate::Error) if the organization has no such invitation;
/// [`Error::Conflict`](crate::Error) if it was accepted or taken back, or its address was erased.
pub async fn resend(tx: &mut Tx, caller: &Caller, org: OrgId, id: InvitationId) -> Result<Invitation> {
    tx.authorize::<action::List>(caller, org).await?;
    // The role never changes; all else is looked at once nobody else can change it.
    let role = find(tx, org, id).await?.role;
    let allowed = tx.authorize_with::<action::Resend>(caller, org, role_context(role)).await?;
    let before = find(tx, org, id).await?;
    match before.state {
        InvitationState::Accepted => return Err(ended("accepted")),
        InvitationState::Revoked => return Err(ended("revoked")),
        InvitationState::Expired if before.email == NOBODY => return Err(ended("for somebody who is gone")),
        InvitationState::Expired => {
            tx.authorize_with::<action::Create>(caller, org, role_context(role)).await?;
        }
        InvitationState::Pending => {}
    }
    if let Some(workspace) = before.workspace_id {
        may_let_in(tx, caller, org, workspace).await?;
    }
    make_room(tx, org, &before.email, Some(id)).await?;
    let (now, sent) = (tx.now(), before.sent + 1);
    let token = InvitationToken::of(id, sent, tx.master_key());
    sqlx::query!(
        "update invitations set sent = $2, hash = $3, sent_at = $4, expires_at = $5, ended_at = null where id = $1",
        id.0,
        sent,
        &token.hash()[..],
        now,
        now + (before.expires_at - before.sent_at),
    )
    .execute(tx.connection())
    .await?;
    tx.enqueue(&SendMail(Mail::Invitation { org_id: org, invitation_id: id, sent })).await?;
    let after = find(tx, org, id).await?;
    let told = |is: &Invitation| json!({ "invitation": id, "sent": is.sent, "expires_at": is.expires_at });
    let change = Change { before: told(&before), after: told(&after) };
    tx.record(&allowed, None, &allowed.uid(), change).await?;
    Ok(after)
}
