use chrono::TimeDelta;
use serde_json::{Value, json};

use super::list::find;
use super::{Invitation, InvitationToken, make_room};
use crate::action::{Target as _, invitation as action, workspace};
use crate::address::Address;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{InvitationId, OrgId, WorkspaceId};
use crate::jobs::SendMail;
use crate::mail::{Locale, Mail};
use crate::membership::{OrgRole, role_context};
use crate::tx::{Authorized, Tx};
use crate::workspace as workspaces;
use crate::workspace_member::WorkspaceRole;

/// How many days an invitation is good, unless somebody says something else.
pub const DAYS: u8 = 7;

/// The most days that an invitation is good.
pub const DAYS_MAX: u8 = 30;

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Whom it is for.
    pub email: Address,
    /// The role that it gives.
    pub role: OrgRole,
    /// A workspace of the organization that it lets into, and as what.
    pub workspace: Option<(WorkspaceId, WorkspaceRole)>,
    /// How many days it is good, 1 to [`DAYS_MAX`].
    pub days: u8,
    /// The language of its mail, for who has no account; the inviter's if it is none.
    pub locale: Option<Locale>,
}

/// Invites somebody: the policies are asked whether the caller may give this role, and let people into this workspace. The
/// mail follows.
///
/// # Errors
/// As [`Tx::authorize`]; [`Error::LimitReached`]; [`Error::Invalid`] for days that are too few or too many;
/// [`Error::Conflict`] if the address is a member's or invited already.
pub async fn create(tx: &mut Tx, caller: &Caller, org: OrgId, new: &NewInvitation) -> Result<Invitation> {
    let allowed = tx.authorize_with::<action::Create>(caller, org, role_context(new.role)).await?;
    if !(1..=DAYS_MAX).contains(&new.days) {
        return Err(Error::invalid("days", format!("1 to {DAYS_MAX}")));
    }
    if let Some((workspace, _)) = new.workspace {
        may_let_in(tx, caller, org, workspace).await?;
    }
    make_room(tx, org, new.email.as_str(), None).await?;
    let id = insert(tx, &allowed, new).await?;
    tx.enqueue(&SendMail(Mail::Invitation { org_id: org, invitation_id: id, sent: 1 })).await?;
    let made = find(tx, org, id).await?;
    tx.record(&allowed, None, &allowed.uid(), Change { before: Value::Null, after: told(&made) }).await?;
    Ok(made)
}

/// Whether the caller may let people into a workspace, which has to be the organization's.
pub(super) async fn may_let_in(
    tx: &mut Tx,
    caller: &Caller,
    org: OrgId,
    workspace: WorkspaceId,
) -> Result<()> {
    // Before the policies: another organization's is kept still by whoever asks about it, and two must not wait for each other.
    if workspaces::org_of(tx, workspace).await? != Some(org) {
        return Err(Error::NotFound(WorkspaceId::NOUN));
    }
    tx.authorize::<workspace::AddMember>(caller, workspace).await?;
    Ok(())
}

/// What the log tells of an invitation.
pub(super) fn told(invitation: &Invitation) -> Value {
    json!({
        "invitation": invitation.id, "email": invitation.email, "role": invitation.role,
        "workspace_id": invitation.workspace_id, "workspace_role": invitation.workspace_role,
        "expires_at": invitation.expires_at, "sent": invitation.sent,
    })
}

async fn insert(
    tx: &mut Tx,
    allowed: &Authorized<action::Create>,
    new: &NewInvitation,
) -> Result<InvitationId> {
    let (id, now) = (InvitationId(tx.new_id()), tx.now());
    let token = InvitationToken::of(id, 1, tx.master_key());
    sqlx::query!(
        "insert into invitations (id, org_id, email, role, workspace_id, workspace_role, locale, invited_by, hash, sent_at,
                                  created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        id.0,
        allowed.target().0,
        new.email.as_str(),
        new.role.as_str(),
        new.workspace.map(|(id, _)| id.0),
        new.workspace.map(|(_, role)| role.as_str()),
        new.locale.map(Locale::as_str),
        allowed.actor().person().map(|person| person.id.0),
        &token.hash()[..],
        now,
        now + TimeDelta::days(new.days.into()),
    )
    .execute(tx.connection())
    .await?;
    Ok(id)
}
