use chrono::{DateTime, Utc};

use super::InvitationToken;
use crate::action::org;
use crate::error::Result;
use crate::id::InvitationId;
use crate::mail::Locale;
use crate::membership::OrgRole;
use crate::tx::{Authorized, Tx};

/// What the mail with an invitation says, as things are when it is sent.
#[derive(Debug, Clone)]
pub struct InvitationMail {
    /// To whom.
    pub to: String,
    /// The secret of its link.
    pub token: InvitationToken,
    /// Who invites; none once their account is gone.
    pub inviter: Option<String>,
    /// The organization's name.
    pub organization: String,
    /// The role that it gives.
    pub role: OrgRole,
    /// The name of the workspace that it lets into.
    pub workspace: Option<String>,
    /// From when on it cannot be accepted.
    pub expires_at: DateTime<Utc>,
    /// The language of the invited one's account, else the one chosen for the invitation, else the inviter's.
    pub locale: Locale,
}

/// What the mail of an invitation says; none if it was accepted, taken back or sent again meanwhile, or its time is over.
///
/// # Errors
/// If the store does not answer.
pub async fn to_be_mailed(
    tx: &mut Tx,
    allowed: &Authorized<org::Mail>,
    id: InvitationId,
    sent: i32,
) -> Result<Option<InvitationMail>> {
    let now = tx.now();
    let row = sqlx::query!(
        r#"select i.email, i.role, i.expires_at, o.name as organization, w.name as "workspace?", u.name as "inviter?",
                  coalesce(reader.locale, i.locale, u.locale) as locale
           from invitations i join organizations o on o.id = i.org_id
           left join workspaces w on w.id = i.workspace_id
           left join users u on u.id = i.invited_by
           left join users reader on lower(reader.email) = lower(i.email) and reader.status <> 'deleting'
           where i.id = $1 and i.org_id = $2 and i.sent = $3 and i.ended_at is null and i.expires_at > $4"#,
        id.0,
        allowed.target().0,
        sent,
        now,
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| {
        Some(InvitationMail {
            to: row.email,
            token: InvitationToken::of(id, sent, tx.master_key()),
            inviter: row.inviter,
            organization: row.organization,
            role: OrgRole::parse(&row.role)?,
            workspace: row.workspace,
            expires_at: row.expires_at,
            locale: row.locale.as_deref().and_then(Locale::parse).unwrap_or(Locale::English),
        })
    }))
}
