//! Invitations into organizations: made by those who may give the role, taken up by whoever has the mailbox.

mod accept;
mod bulk;
mod create;
mod list;
mod look;
mod mail;
mod resend;
mod revoke;
mod take_up;
mod token;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use accept::{Joined, accept};
pub use bulk::{BULK_MAX, create_many};
pub use create::{DAYS, DAYS_MAX, NewInvitation, create};
pub use list::{InvitationFilter, InvitationSort, list};
pub use look::{InvitationView, Reader, addressee, look, reader};
pub use mail::{InvitationMail, to_be_mailed};
pub use resend::resend;
pub use revoke::revoke;
pub use take_up::{NewAccount, TakenUp, take_up};
pub use token::InvitationToken;

use crate::error::{Error, Result};
use crate::id::{InvitationId, OrgId, UserId, WorkspaceId};
use crate::mail::Locale;
use crate::membership::OrgRole;
use crate::tx::Tx;
use crate::words::words;
use crate::workspace_member::WorkspaceRole;

const NOUN: &str = "invitation";

words! {
    /// What has become of an invitation.
    InvitationState {
        /// It can be accepted.
        Pending = "pending",
        /// Somebody has accepted it.
        Accepted = "accepted",
        /// Somebody has taken it back.
        Revoked = "revoked",
        /// Its time is over.
        Expired = "expired",
    }
}

/// An invitation, for those who look after an organization's. Its token is in its mail and nowhere else.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// The id.
    pub id: InvitationId,
    /// Into which organization.
    pub org_id: OrgId,
    /// The address it is for.
    #[schema(format = Email, example = "olga@example.com")]
    pub email: String,
    /// The role that it gives.
    pub role: OrgRole,
    /// The workspace that it lets into; null if that is gone.
    pub workspace_id: Option<WorkspaceId>,
    /// As what.
    pub workspace_role: Option<WorkspaceRole>,
    /// The language of its mail, for who has no account.
    pub locale: Option<Locale>,
    /// What has become of it.
    pub state: InvitationState,
    /// Who invites; null once their account is gone.
    pub invited_by: Option<UserId>,
    /// How they call themselves.
    pub inviter_name: Option<String>,
    /// How often it was sent. Only the link that was sent last is good.
    #[schema(minimum = 1)]
    pub sent: i32,
    /// When it was sent last.
    pub sent_at: DateTime<Utc>,
    /// From when on it cannot be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// By whom; null also once their account is gone.
    pub accepted_by: Option<UserId>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

fn gone() -> Error {
    Error::Gone("this invitation was accepted or taken back, or its time is over, or a newer link was sent")
}

fn already_member() -> Error {
    Error::conflict("already_member", "the address is a member's already")
}

fn ended(what: &str) -> Error {
    Error::conflict("invitation_ended", format!("the invitation was {what}; make another one"))
}

/// Whether somebody with this address is a member.
async fn is_member(tx: &mut Tx, org: OrgId, email: &str) -> Result<bool> {
    let is = sqlx::query_scalar!(
        r#"select exists (
               select from memberships m join users u on u.id = m.user_id
               where m.org_id = $1 and lower(u.email) = lower($2) and u.status <> 'deleting'
           ) as "is!""#,
        org.0,
        email,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(is)
}

/// Makes room for an invitation of an address: those whose time is over end, all but `this`.
///
/// # Errors
/// [`Error::Conflict`] if the address is a member's, or another invitation can be accepted with it.
async fn make_room(tx: &mut Tx, org: OrgId, email: &str, this: Option<InvitationId>) -> Result<()> {
    if is_member(tx, org, email).await? {
        return Err(already_member());
    }
    let (now, this) = (tx.now(), this.map(|id| id.0));
    sqlx::query!(
        "update invitations set ended_at = $3
         where org_id = $1 and lower(email) = lower($2) and ended_at is null and expires_at <= $3
           and id is distinct from $4",
        org.0,
        email,
        now,
        this,
    )
    .execute(tx.connection())
    .await?;
    let is_invited = sqlx::query_scalar!(
        r#"select exists (
               select from invitations
               where org_id = $1 and lower(email) = lower($2) and ended_at is null and id is distinct from $3
           ) as "is!""#,
        org.0,
        email,
        this,
    )
    .fetch_one(tx.connection())
    .await?;
    if is_invited {
        let message = "an invitation for this address can be accepted already; send it again, or revoke it";
        return Err(Error::conflict("already_invited", message));
    }
    Ok(())
}
