use chrono::{DateTime, Utc};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::{InvitationState, InvitationToken, NOUN, gone};
use crate::action::{Platform, invitation as action, user};
use crate::address::Address;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{InvitationId, OrgId, UserId};
use crate::mail::Locale;
use crate::membership::OrgRole;
use crate::tx::{Request, Tx};
use crate::user as accounts;
use crate::workspace_member::WorkspaceRole;

/// What an invitation says to whoever has its link, before they accept it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    /// The organization's name.
    pub organization: String,
    /// How whoever invites calls themselves; null once their account is gone.
    pub inviter: Option<String>,
    /// The role that it gives.
    pub role: OrgRole,
    /// The name of the workspace that it lets into.
    pub workspace: Option<String>,
    /// As what.
    pub workspace_role: Option<WorkspaceRole>,
    /// The address it is for, shortened.
    #[schema(example = "o…@example.com")]
    pub email: String,
    /// What has become of it.
    pub state: InvitationState,
    /// From when on it cannot be accepted.
    pub expires_at: DateTime<Utc>,
    /// Whether the address has an account, which accepts; else one is opened with the invitation.
    pub has_account: bool,
}

/// Who holds a link, as far as they are signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The one who is invited.
    Invited,
    /// The one who is invited, and a member by now.
    Member,
    /// Somebody else, or their address is not verified.
    SomebodyElse,
}

/// An invitation by its token.
pub(super) struct Found {
    pub(super) id: InvitationId,
    pub(super) org: OrgId,
    pub(super) organization: String,
    pub(super) email: Address,
    pub(super) state: InvitationState,
    /// The language that the inviter chose for it, or their own.
    pub(super) locale: Option<Locale>,
    view: InvitationView,
}

impl Found {
    /// Whether it can be accepted.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub(super) fn open(self) -> Result<Self> {
        if self.state == InvitationState::Pending { Ok(self) } else { Err(gone()) }
    }

    /// Whether somebody is the one it is for: an address that is not verified is nobody's.
    pub(super) async fn is_for(&self, tx: &mut Tx, user: UserId) -> Result<bool> {
        let is = sqlx::query_scalar!(
            r#"select exists (
                   select from users where id = $1 and lower(email) = lower($2) and email_verified_at is not null
               ) as "is!""#,
            user.0,
            self.email.as_str(),
        )
        .fetch_one(tx.connection())
        .await?;
        Ok(is)
    }
}

/// What an invitation says. Its token is what allows it.
///
/// # Errors
/// [`Error::NotFound`] for tokens that are none, also those that were replaced when it was sent again.
pub async fn look(db: &Db, request: Request, token: &InvitationToken) -> Result<InvitationView> {
    let mut tx = db.begin(request).await?;
    tx.authorize::<action::View>(&Caller::Anonymous, Platform).await?;
    Ok(find(&mut tx, token).await?.view)
}

/// Who somebody is to an invitation that they hold the link of.
///
/// # Errors
/// As [`look`]; [`Error::Unauthenticated`] for who is no person.
pub async fn reader(db: &Db, request: Request, caller: &Caller, token: &InvitationToken) -> Result<Reader> {
    let Person { id, .. } = *caller.person().ok_or(Error::Unauthenticated)?;
    let mut tx = db.begin(request).await?;
    tx.authorize::<action::View>(&Caller::Anonymous, Platform).await?;
    tx.authorize::<user::View>(caller, id).await?;
    let found = find(&mut tx, token).await?;
    if !found.is_for(&mut tx, id).await? {
        return Ok(Reader::SomebodyElse);
    }
    let is_member = super::is_member(&mut tx, found.org, found.email.as_str()).await?;
    Ok(if is_member { Reader::Member } else { Reader::Invited })
}

/// The address that an invitation was sent to, for signing in with it: whoever has the token can read its mailbox.
///
/// # Errors
/// As [`look`]; [`Error::Gone`] if it cannot be accepted any more.
pub async fn addressee(db: &Db, request: Request, token: &InvitationToken) -> Result<Address> {
    let mut tx = db.begin(request).await?;
    tx.authorize::<action::View>(&Caller::Anonymous, Platform).await?;
    Ok(find(&mut tx, token).await?.open()?.email)
}

pub(super) async fn find(tx: &mut Tx, token: &InvitationToken) -> Result<Found> {
    let (hash, now) = (token.hash(), tx.now());
    let row = sqlx::query!(
        r#"select i.id, i.org_id, o.name as organization, i.email, i.role, w.name as "workspace?", i.workspace_role,
                  i.hash, i.expires_at, coalesce(i.locale, u.locale) as locale, u.name as "inviter?",
                  case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
                       when i.expires_at <= $2 then 'expired' else 'pending' end as "state!"
           from invitations i join organizations o on o.id = i.org_id
           left join workspaces w on w.id = i.workspace_id
           left join users u on u.id = i.invited_by
           where i.hash = $1"#,
        &hash[..],
        now,
    )
    .fetch_optional(tx.connection())
    .await?
    .filter(|row| bool::from(hash[..].ct_eq(&row.hash)))
    .ok_or(Error::NotFound(NOUN))?;
    let unreadable = |what: &str| Error::Store(sqlx::Error::Decode(format!("unknown {what}").into()));
    let email: Address = row.email.parse().map_err(|_| unreadable("address"))?;
    let state = InvitationState::parse(&row.state).ok_or_else(|| unreadable("state"))?;
    // A link that is good for nothing any more goes on telling nothing new.
    let is_live = state == InvitationState::Pending;
    let has_account = is_live && accounts::with_address(tx, &email).await?.is_some();
    let workspace = row.workspace.filter(|_| is_live);
    let view = InvitationView {
        organization: row.organization.clone(),
        inviter: row.inviter.filter(|_| is_live),
        role: OrgRole::parse(&row.role).ok_or_else(|| unreadable("role"))?,
        workspace_role: workspace.as_ref().and(row.workspace_role.as_deref()).and_then(WorkspaceRole::parse),
        workspace,
        email: email.masked(),
        state,
        expires_at: row.expires_at,
        has_account,
    };
    Ok(Found {
        id: InvitationId(row.id),
        org: OrgId(row.org_id),
        organization: row.organization,
        email,
        state,
        locale: row.locale.as_deref().and_then(Locale::parse),
        view,
    })
}
