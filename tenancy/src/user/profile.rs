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
use crate::user::{AccountStatus, PlatformRole};

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

pub(crate) async fn find(tx: &mut Tx, id: UserId) -> Result<Profile> {
    let now = tx.now();
    let row = sqlx::query!(
        r#"select u.email, u.email_verified_at is not null as "email_verified!", u.name, u.locale,
                  case when u.status = 'pending' and u.approval_due_at <= $2 then 'expired' else u.status end as "status!",
                  u.approval_due_at, u.approved_at, u.platform_role, u.password_must_change, u.ai_provider, u.ai_model,
                  exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null)
                      as "second_factor!",
                  coalesce(q.limit_bytes, 0) as "quota_bytes!", coalesce(q.used_bytes, 0) as "used_bytes!",
                  w.id as "workspace_id?", u.created_at
           from users u left join user_quotas q on q.user_id = u.id left join workspaces w on w.owner_id = u.id
           where u.id = $1"#,
        id.0,
        now,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(UserId::NOUN))?;
    let unknown = |word: &str| Error::Store(sqlx::Error::Decode(format!("unknown word {word}").into()));
    Ok(Profile {
        id,
        email: row.email,
        email_verified: row.email_verified,
        name: row.name,
        locale: Locale::parse(&row.locale).ok_or_else(|| unknown(&row.locale))?,
        status: AccountStatus::parse(&row.status).ok_or_else(|| unknown(&row.status))?,
        approval_due_at: row.approval_due_at,
        approved_at: row.approved_at,
        platform_role: row.platform_role.as_deref().and_then(PlatformRole::parse),
        second_factor: row.second_factor,
        password_must_change: row.password_must_change,
        ai_provider: row.ai_provider,
        ai_model: row.ai_model,
        quota_bytes: row.quota_bytes,
        used_bytes: row.used_bytes,
        personal_workspace_id: row.workspace_id.map(WorkspaceId),
        created_at: row.created_at,
    })
}
