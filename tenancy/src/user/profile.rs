use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::account::check_name;
use crate::action::{Target as _, user};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{UserId, WorkspaceId};
use crate::mail::Locale;
use crate::tx::{Authorized, Tx};
use crate::user::{AccountStatus, PlatformRole, list};

/// An account, as its owner and administrators see it. Holds nothing secret and nothing of what the person keeps here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Profile {
    /// The id.
    pub id: UserId,
    /// The address.
    #[schema(format = Email, example = "olga@example.com")]
    pub email: String,
    /// Whether it is known to be theirs.
    pub email_verified: bool,
    /// How they call themselves.
    #[schema(example = "Olga")]
    pub name: String,
    /// The language of their mails.
    pub locale: Locale,
    /// The state of the account, as decisions see it: a trial that is over makes it `expired` at that moment.
    pub status: AccountStatus,
    /// When a trial ends or has ended.
    pub approval_due_at: DateTime<Utc>,
    /// When an administrator approved the account.
    pub approved_at: Option<DateTime<Utc>>,
    /// What they may do for the whole installation.
    pub platform_role: Option<PlatformRole>,
    /// Whether a second factor is set up.
    pub second_factor: bool,
    /// Whether a password has to be chosen first, by the link that was mailed.
    pub password_must_change: bool,
    /// Whose AI they work with.
    pub ai_provider: Option<String>,
    /// Which one.
    pub ai_model: Option<String>,
    /// How much they may store, in bytes.
    pub quota_bytes: i64,
    /// How much they store, in bytes.
    pub used_bytes: i64,
    /// Their own workspace.
    pub personal_workspace_id: Option<WorkspaceId>,
    /// When the account was opened.
    pub created_at: DateTime<Utc>,
    /// Counts the changes of name and language; part of the entity tag.
    #[serde(skip)]
    pub version: i64,
}

/// What somebody changes of their profile.
#[derive(Debug, Clone, Default)]
pub struct ProfileUpdate {
    /// Another name.
    pub name: Option<String>,
    /// Another language.
    pub locale: Option<Locale>,
}

/// An account.
///
/// # Errors
/// If the store does not answer.
pub async fn profile(tx: &mut Tx, allowed: &Authorized<user::View>) -> Result<Profile> {
    find(tx, *allowed.target()).await
}

/// The version of an account's profile, which stays as it is until this transaction ends: nobody else changes it meanwhile.
///
/// # Errors
/// If the store does not answer.
pub async fn lock_version(tx: &mut Tx, allowed: &Authorized<user::Update>) -> Result<i64> {
    let id = *allowed.target();
    let version = sqlx::query_scalar!("select version from users where id = $1 for no key update", id.0)
        .fetch_optional(tx.connection())
        .await?;
    version.ok_or(Error::NotFound(UserId::NOUN))
}

/// Changes what somebody says of themselves.
///
/// # Errors
/// [`Error::Invalid`] for a name that cannot be one.
pub async fn update(
    tx: &mut Tx,
    allowed: &Authorized<user::Update>,
    update: &ProfileUpdate,
) -> Result<Profile> {
    let id = *allowed.target();
    if let Some(name) = &update.name {
        check_name(name)?;
    }
    let before = find(tx, id).await?;
    sqlx::query!(
        "update users set name = coalesce($2, name), locale = coalesce($3, locale) where id = $1",
        id.0,
        update.name.as_deref().map(str::trim),
        update.locale.map(Locale::as_str),
    )
    .execute(tx.connection())
    .await?;
    let after = find(tx, id).await?;
    let told = |profile: &Profile| json!({ "name": profile.name, "locale": profile.locale });
    if told(&before) != told(&after) {
        let change = Change { before: told(&before), after: told(&after) };
        tx.record(allowed, None, &allowed.uid(), change).await?;
    }
    Ok(after)
}

async fn find(tx: &mut Tx, id: UserId) -> Result<Profile> {
    Ok(list::find(tx, id).await?.profile)
}
