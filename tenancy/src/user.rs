//! People's accounts.

mod administer;
mod list;
mod profile;

use chrono::{DateTime, Utc};
use serde::Deserialize;

pub use administer::{
    InvitedUser, approve, create, disable, enable, send_password_reset, set_ai, set_platform_role, set_quota,
};
pub(crate) use list::find;
pub use list::{Account, UserFilter, UserSort, account, list};
pub use profile::{Profile, ProfileUpdate, lock_version, profile, update};

use crate::address::{Address, NoAddress};
use crate::error::{Error, Result};
use crate::id::{UserId, WorkspaceId};
use crate::mail::Locale;
use crate::tx::Tx;
use crate::words::words;

words! {
    /// The state of an account.
    AccountStatus {
        /// In the trial, waiting for an admin.
        Pending = "pending",
        /// Approved.
        Active = "active",
        /// The trial ran out: a read-only guest.
        Expired = "expired",
        /// Put to rest by its owner.
        Deactivated = "deactivated",
        /// Closed by an admin.
        Disabled = "disabled",
        /// Being erased.
        Deleting = "deleting",
    }
}

words! {
    /// What a person may do for the whole installation.
    PlatformRole {
        /// Looks after accounts and organizations.
        Admin = "admin",
        /// Looks after admins too.
        SuperAdmin = "super_admin",
    }
}

/// An account to be made, with the workspace and the quota that every account has.
pub(crate) struct NewUser<'n> {
    pub(crate) email: &'n Address,
    pub(crate) name: &'n str,
    pub(crate) status: AccountStatus,
    pub(crate) platform_role: Option<PlatformRole>,
    pub(crate) locale: Locale,
    pub(crate) mailbox: Mailbox,
    pub(crate) password: FirstPassword,
}

/// Whether an address is known to be its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mailbox {
    /// It is.
    Verified,
    /// A mail has to show it.
    ToBeVerified,
}

/// Whether an account has a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPassword {
    /// Its owner chose one.
    Chosen,
    /// Its owner has to, before anything else.
    ToBeChosen,
}

impl NewUser<'_> {
    /// Makes it; none if another account has the address.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<Option<UserId>> {
        let (id, workspace, now) = (UserId(tx.new_id()), WorkspaceId(tx.new_id()), tx.now());
        let (trial, quota) = (tx.account_settings().trial, tx.account_settings().quota);
        let inserted = sqlx::query_scalar!(
            "insert into users (id, email, name, status, email_verified_at, password_must_change, approval_due_at,
                                approved_at, platform_role, created_at, locale)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict (lower(email)) where status <> 'deleting' do nothing returning id",
            id.0,
            self.email.as_str(),
            self.name,
            self.status.as_str(),
            (self.mailbox == Mailbox::Verified).then_some(now),
            self.password == FirstPassword::ToBeChosen,
            now + trial,
            (self.status == AccountStatus::Active).then_some(now),
            self.platform_role.map(PlatformRole::as_str),
            now,
            self.locale.as_str(),
        )
        .fetch_optional(tx.connection())
        .await?;
        if inserted.is_none() {
            return Ok(None);
        }
        sqlx::query!(
            "insert into workspaces (id, owner_id, name, visibility, created_at) values ($1, $2, 'Personal', 'private', $3)",
            workspace.0,
            id.0,
            now
        )
        .execute(tx.connection())
        .await?;
        sqlx::query!(
            "insert into workspace_members (workspace_id, user_id, role, created_at) values ($1, $2, 'admin', $3)",
            workspace.0,
            id.0,
            now
        )
        .execute(tx.connection())
        .await?;
        sqlx::query!("insert into user_quotas (user_id, limit_bytes) values ($1, $2)", id.0, quota)
            .execute(tx.connection())
            .await?;
        Ok(Some(id))
    }
}

/// The account that has an address, if one has.
pub(crate) async fn with_address(tx: &mut Tx, email: &Address) -> Result<Option<UserId>> {
    let id = sqlx::query_scalar!(
        "select id from users where lower(email) = lower($1) and status <> 'deleting'",
        email.as_str()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(id.map(UserId))
}

/// A user as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedUser {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub status: AccountStatus,
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub email_verified_at: Option<DateTime<Utc>>,
    /// Wanted for `pending` accounts.
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub approval_due_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub platform_role: Option<PlatformRole>,
    #[serde(default)]
    pub locale: Option<Locale>,
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub created_at: Option<DateTime<Utc>>,
}

impl ImportedUser {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        let email: Address =
            self.email.parse().map_err(|error: NoAddress| Error::invalid("email", error.to_string()))?;
        if self.status == AccountStatus::Pending && self.approval_due_at.is_none() {
            return Err(Error::invalid("approval_due_at", "a pending account has a deadline"));
        }
        let now = tx.now();
        sqlx::query!(
            "insert into users (id, email, name, status, email_verified_at, approval_due_at, platform_role, created_at,
                                locale, approved_at)
             values ($1, $2, $3, $4, $5, coalesce($6::timestamptz, $9::timestamptz), $7, $8, coalesce($10, 'en'),
                     case when $4 = 'active' then $8::timestamptz end)
             on conflict (id) do update set email = $2, name = $3, status = $4, email_verified_at = $5,
                 approval_due_at = coalesce($6, users.approval_due_at), platform_role = $7,
                 locale = coalesce($10, users.locale),
                 approved_at = coalesce(users.approved_at, excluded.approved_at),
                 approval_reminded_at =
                     case when $6 is null or $6 = users.approval_due_at then users.approval_reminded_at end",
            self.id.0,
            email.as_str(),
            self.name,
            self.status.as_str(),
            self.email_verified_at,
            self.approval_due_at,
            self.platform_role.map(PlatformRole::as_str),
            self.created_at.unwrap_or(now),
            now,
            self.locale.map(Locale::as_str),
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}
