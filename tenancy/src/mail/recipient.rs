use chrono::{DateTime, Utc};

use crate::action::user;
use crate::error::Result;
use crate::mail::Locale;
use crate::tx::{Authorized, Tx};
use crate::user::AccountStatus;

/// To whom a mail goes, as they are when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub email: String,
    /// How they call themselves.
    pub name: String,
    /// Their language.
    pub locale: Locale,
    /// The state of their account.
    pub status: AccountStatus,
    /// When their trial ends or has ended.
    pub approval_due_at: DateTime<Utc>,
    /// Since when the address is known to be theirs.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When an administrator closed the account.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why, in the administrator's words.
    pub disabled_reason: Option<String>,
}

/// What a mail to a user needs to know of them; none if there is no such user any more.
///
/// # Errors
/// If the store does not answer.
pub async fn recipient(tx: &mut Tx, allowed: &Authorized<user::Mail>) -> Result<Option<Recipient>> {
    let row = sqlx::query!(
        "select email, name, locale, status, approval_due_at, email_verified_at, disabled_at, disabled_reason
         from users where id = $1",
        allowed.target().0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| {
        Some(Recipient {
            email: row.email,
            name: row.name,
            locale: Locale::parse(&row.locale)?,
            status: AccountStatus::parse(&row.status)?,
            approval_due_at: row.approval_due_at,
            email_verified_at: row.email_verified_at,
            disabled_at: row.disabled_at,
            disabled_reason: row.disabled_reason,
        })
    }))
}
