//! People's accounts.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::id::UserId;
use crate::mail::{self, Locale};
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
        if !mail::is_address(&self.email) {
            return Err(Error::invalid("email", "not an e-mail address"));
        }
        if self.status == AccountStatus::Pending && self.approval_due_at.is_none() {
            return Err(Error::invalid("approval_due_at", "a pending account has a deadline"));
        }
        let now = tx.now();
        sqlx::query!(
            "insert into users (id, email, name, status, email_verified_at, approval_due_at, platform_role, created_at,
                                locale)
             values ($1, $2, $3, $4, $5, coalesce($6::timestamptz, $9::timestamptz), $7, $8, coalesce($10, 'en'))
             on conflict (id) do update set email = $2, name = $3, status = $4, email_verified_at = $5,
                 approval_due_at = coalesce($6, users.approval_due_at), platform_role = $7,
                 locale = coalesce($10, users.locale),
                 approval_reminded_at =
                     case when $6 is null or $6 = users.approval_due_at then users.approval_reminded_at end",
            self.id.0,
            self.email,
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
