use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::profile::Profile;
use super::{AccountStatus, PlatformRole};
use crate::action::{Target as _, user};
use crate::error::{Error, Result};
use crate::id::{UserId, WorkspaceId};
use crate::mail::Locale;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

/// An account as administrators see it: what its owner sees, and what administrators did. Nothing of what the person keeps
/// here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Account {
    /// As its owner sees it.
    #[serde(flatten)]
    pub profile: Profile,
    /// Who approved it; null also if they are not there any more.
    pub approved_by: Option<UserId>,
    /// When it was closed.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Who closed it.
    pub disabled_by: Option<UserId>,
    /// Why, in their words.
    pub disabled_reason: Option<String>,
    /// When its owner put it to rest.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// When its owner was last here, exact to a minute.
    pub last_seen_at: Option<DateTime<Utc>>,
}

words! {
    /// By what accounts are sorted; with a dash from the other end.
    UserSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        Newest = "-created_at",
        /// By address.
        Email = "email",
        /// By address, from the end.
        EmailBackwards = "-email",
        /// By name.
        Name = "name",
        /// By name, from the end.
        NameBackwards = "-name",
        /// Those first whose trial ends first.
        Deadline = "approval_due_at",
        /// Those last whose trial ends first.
        DeadlineBackwards = "-approval_due_at",
    }
}

/// Which accounts, in which order.
#[derive(Debug, Clone)]
pub struct UserFilter {
    /// In this state.
    pub status: Option<AccountStatus>,
    /// With this in their address or name, in whatever case.
    pub search: Option<String>,
    /// In which order.
    pub sort: UserSort,
}

struct Row {
    id: Uuid,
    email: String,
    email_verified: bool,
    name: String,
    locale: String,
    status: String,
    approval_due_at: DateTime<Utc>,
    approved_at: Option<DateTime<Utc>>,
    approved_by: Option<Uuid>,
    platform_role: Option<String>,
    password_must_change: bool,
    ai_provider: Option<String>,
    ai_model: Option<String>,
    disabled_at: Option<DateTime<Utc>>,
    disabled_by: Option<Uuid>,
    disabled_reason: Option<String>,
    deactivated_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
    second_factor: bool,
    quota_bytes: i64,
    used_bytes: i64,
    workspace_id: Option<Uuid>,
    last_seen_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let unknown = |word: &str| Error::Store(sqlx::Error::Decode(format!("unknown word {word}").into()));
        let profile = Profile {
            id: UserId(row.id),
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
            version: row.version,
        };
        Ok(Self {
            profile,
            approved_by: row.approved_by.map(UserId),
            disabled_at: row.disabled_at,
            disabled_by: row.disabled_by.map(UserId),
            disabled_reason: row.disabled_reason,
            deactivated_at: row.deactivated_at,
            last_seen_at: row.last_seen_at,
        })
    }
}

/// Accounts.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn list(
    tx: &mut Tx,
    _: &Authorized<user::List>,
    filter: &UserFilter,
    page: Page,
) -> Result<Paged<Account>> {
    let search = filter.search.as_deref().map(str::trim);
    if search.is_some_and(|text| text.is_empty() || text.contains('\0') || text.chars().count() > 254) {
        return Err(Error::invalid("search", "1 to 254 characters"));
    }
    let accounts = read(tx, None, (filter, search), page.limit(), page.offset()).await?;
    let now = tx.now();
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from users u
           where ($1::text is null
                  or $1 = case when u.status = 'pending' and u.approval_due_at <= $3 then 'expired' else u.status end)
             and ($2::text is null or position(lower($2) in lower(u.email)) > 0
                  or position(lower($2) in lower(u.name)) > 0)"#,
        filter.status.map(AccountStatus::as_str),
        search,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(page.of(accounts, total))
}

/// An account, with what administrators did.
///
/// # Errors
/// If the store does not answer.
pub async fn account(tx: &mut Tx, allowed: &Authorized<user::Inspect>) -> Result<Account> {
    find(tx, *allowed.target()).await
}

pub(crate) async fn find(tx: &mut Tx, id: UserId) -> Result<Account> {
    let all = UserFilter { status: None, search: None, sort: UserSort::Created };
    let found = read(tx, Some(id), (&all, None), 1, 0).await?;
    found.into_iter().next().ok_or(Error::NotFound(UserId::NOUN))
}

async fn read(
    tx: &mut Tx,
    id: Option<UserId>,
    (filter, search): (&UserFilter, Option<&str>),
    limit: i64,
    offset: i64,
) -> Result<Vec<Account>> {
    let (now, quota) = (tx.now(), tx.account_settings().quota);
    let rows = sqlx::query_file_as!(
        Row,
        "src/user/account.sql",
        id.map(|id| id.0),
        filter.status.map(AccountStatus::as_str),
        search,
        filter.sort.as_str(),
        limit,
        offset,
        now,
        quota,
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}
