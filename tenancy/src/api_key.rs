//! API keys: how applications say who they are.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::action::{KeyOwner, Target, key};
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, FieldError, Result};
use crate::id::{ApiKeyId, OrgId};
use crate::page::{Page, Paged};
use crate::time;
use crate::token::Token;
use crate::tx::{Authorized, Tx};

/// `last_used_at` is exact to this; a write for every request would cost more than it tells.
const LAST_USED: TimeDelta = TimeDelta::minutes(1);

/// How long a token that was not seen before waits to be looked up.
const TOKEN_PATIENCE: Duration = Duration::from_secs(2);

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Ask for decisions.
    #[serde(rename = "authorize")]
    Authorize,
    /// Read registered resources.
    #[serde(rename = "resources:read")]
    ResourcesRead,
    /// Register, change and remove resources.
    #[serde(rename = "resources:write")]
    ResourcesWrite,
    /// List, create, rotate and revoke keys with at most the same scopes.
    #[serde(rename = "keys:manage")]
    KeysManage,
    /// Read the decision log.
    #[serde(rename = "decisions:read")]
    DecisionsRead,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// See background work.
    #[serde(rename = "jobs:read")]
    JobsRead,
    /// Cancel, retry and remove background work.
    #[serde(rename = "jobs:write")]
    JobsWrite,
    /// Count what organizations use, and spend for them.
    #[serde(rename = "usage:write")]
    UsageWrite,
    /// Enter payments into wallets. Platform keys only.
    #[serde(rename = "wallets:write")]
    WalletsWrite,
    /// See the state of the policy folder. Platform keys only.
    #[serde(rename = "policies:read")]
    PoliciesRead,
    /// Bring in users, organizations and all the rest. Platform keys only.
    #[serde(rename = "import")]
    Import,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 12] = [
        Self::Authorize,
        Self::ResourcesRead,
        Self::ResourcesWrite,
        Self::KeysManage,
        Self::DecisionsRead,
        Self::AuditRead,
        Self::JobsRead,
        Self::JobsWrite,
        Self::UsageWrite,
        Self::WalletsWrite,
        Self::PoliciesRead,
        Self::Import,
    ];

    /// The scope's name, the one in the policy folder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::ResourcesRead => "resources:read",
            Self::ResourcesWrite => "resources:write",
            Self::KeysManage => "keys:manage",
            Self::DecisionsRead => "decisions:read",
            Self::AuditRead => "audit:read",
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::UsageWrite => "usage:write",
            Self::WalletsWrite => "wallets:write",
            Self::PoliciesRead => "policies:read",
            Self::Import => "import",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| format!("no scope {text:?}; there are {}", known()))
    }
}

/// An API key without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The organization that it belongs to; null for the platform's.
    pub org_id: Option<OrgId>,
    /// What people call it.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    #[schema(example = "dw_4kQ9zP1mC")]
    pub prefix: String,
    /// What it may be used for.
    #[schema(value_type = Vec<String>)]
    pub scopes: Vec<Scope>,
    /// When it stops working; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, exact to a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What people call it, 1 to 100 characters.
    pub name: String,
    /// What it may be used for; at least one.
    pub scopes: Vec<Scope>,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewApiKey {
    /// What the policies want to know about it.
    #[must_use]
    pub fn context(&self) -> Map<String, Value> {
        let scopes: Vec<_> =
            self.scopes.iter().map(|scope| json!({ "type": "Scope", "id": scope.as_str() })).collect();
        let mut context = Map::from_iter([("scopes".to_owned(), Value::Array(scopes))]);
        if let Some(expires_at) = self.expires_at {
            context.insert("expires_at".to_owned(), authz::datetime_json(expires_at));
        }
        context
    }

    fn check(&self, now: DateTime<Utc>) -> Result<()> {
        let mut wrong = vec![];
        let mut field = |name: &str, message: &str| {
            wrong.push(FieldError { field: name.into(), message: message.into() })
        };
        if self.name.trim().is_empty()
            || self.name.chars().count() > 100
            || self.name.chars().any(char::is_control)
        {
            field("name", "1 to 100 characters, none of them control characters");
        }
        if self.scopes.is_empty() {
            field("scopes", "at least one scope");
        }
        if self.expires_at.is_some_and(|expiry| expiry <= now || !time::is_storable(expiry)) {
            field("expires_at", "must be in the future, and before the year 10000");
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }
}

struct Row {
    id: Uuid,
    org_id: Option<Uuid>,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let scopes: Result<Vec<Scope>, String> = row.scopes.iter().map(|scope| scope.parse()).collect();
        Ok(Self {
            id: ApiKeyId(row.id),
            org_id: row.org_id.map(OrgId),
            name: row.name,
            prefix: row.prefix,
            scopes: scopes.map_err(|message| sqlx::Error::Decode(message.into()))?,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            created_at: row.created_at,
        })
    }
}

/// Makes a key. The token is shown now or never.
///
/// # Errors
/// If the description is not valid.
pub async fn create(
    tx: &mut Tx,
    allowed: Authorized<key::Create>,
    new: &NewApiKey,
) -> Result<(ApiKey, Token)> {
    new.check(tx.now())?;
    let owner = *allowed.target();
    let token = Token::generate(tx.random());
    let id = ApiKeyId(tx.new_id());
    insert(tx, id, owner, new, &token).await?;
    let made = find(tx, id).await?;
    let change = Change { after: view(&made), ..Change::default() };
    tx.record(&allowed, owner.org_id(), &id.uid(), change).await?;
    Ok((made, token))
}

/// The keys of an organization or the platform, newest first, revoked ones included.
///
/// # Errors
/// If the store does not answer.
pub async fn list(tx: &mut Tx, allowed: &Authorized<key::List>, page: Page) -> Result<Paged<ApiKey>> {
    let org = allowed.target().org_id().map(|org| org.0);
    let rows = sqlx::query_as!(
        Row,
        "select id, org_id, name, prefix, scopes, expires_at, last_used_at, revoked_at, created_at from api_keys
         where org_id is not distinct from $1 order by created_at desc, id desc limit $2 offset $3",
        org,
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where org_id is not distinct from $1"#,
        org
    )
    .fetch_one(tx.connection())
    .await?;
    let items: Result<Vec<ApiKey>> = rows.into_iter().map(ApiKey::try_from).collect();
    Ok(page.of(items?, total))
}

/// One key.
///
/// # Errors
/// If the store does not answer.
pub async fn get(tx: &mut Tx, allowed: &Authorized<key::View>) -> Result<ApiKey> {
    find(tx, *allowed.target()).await
}

/// Gives a key a new secret; the old one stops working at once.
///
/// # Errors
/// If the key is revoked.
pub async fn rotate(tx: &mut Tx, allowed: Authorized<key::Rotate>) -> Result<(ApiKey, Token)> {
    let id = *allowed.target();
    let token = Token::generate(tx.random());
    let before = sqlx::query!(
        "select prefix, hash from api_keys where id = $1 and revoked_at is null for no key update",
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(before) = before else {
        return Err(Error::conflict("key_revoked", "a revoked key cannot be rotated; create a new one"));
    };
    // So that a configured key which was rotated does not come back with the next start.
    sqlx::query!("insert into retired_api_keys (hash) values ($1) on conflict do nothing", before.hash)
        .execute(tx.connection())
        .await?;
    sqlx::query!(
        "update api_keys set prefix = $2, hash = $3, last_used_at = null where id = $1",
        id.0,
        token.prefix(),
        &token.hash()[..],
    )
    .execute(tx.connection())
    .await?;
    let key = find(tx, id).await?;
    let change =
        Change { before: json!({ "prefix": before.prefix }), after: json!({ "prefix": key.prefix }) };
    tx.record(&allowed, key.org_id, &id.uid(), change).await?;
    Ok((key, token))
}

/// Ends a key at once and for good. Revoking twice is no error.
///
/// # Errors
/// If the store does not answer.
pub async fn revoke(tx: &mut Tx, allowed: Authorized<key::Revoke>) -> Result<()> {
    let id = *allowed.target();
    let now = tx.now();
    let revoked =
        sqlx::query!("update api_keys set revoked_at = $2 where id = $1 and revoked_at is null", id.0, now)
            .execute(tx.connection())
            .await?;
    if revoked.rows_affected() > 0 {
        let key = find(tx, id).await?;
        let change =
            Change { before: json!({ "revoked_at": null }), after: json!({ "revoked_at": key.revoked_at }) };
        tx.record(&allowed, key.org_id, &id.uid(), change).await?;
    }
    Ok(())
}

/// Who presents this token. Unknown, revoked and expired tokens are nobody's. What was seen before is answered from
/// memory, within the bound of the facts' age.
///
/// # Errors
/// If the store does not answer.
pub async fn authenticate(db: &Db, token: &Token) -> Result<Option<Caller>> {
    db.usable(db.cache().writes()).await?;
    let (now, hash) = (db.now(), token.hash());
    let known = match db.cache().tokens.key(&hash) {
        Some(known) => Some(known),
        None => find_by_token(db, token, hash).await?,
    };
    let Some((id, _)) = known.filter(|(_, expires_at)| expires_at.is_none_or(|expiry| now < expiry)) else {
        return Ok(None);
    };
    if db.cache().tokens.is_first_use(id, now, LAST_USED) {
        let pool = db.pool().clone();
        // An answer does not wait for this, and is not refused because of it.
        tokio::spawn(async move {
            let noted =
                sqlx::query!("update api_keys set last_used_at = $2 where id = $1", id.0, now).execute(&pool);
            if let Err(error) = noted.await {
                tracing::debug!(%error, %id, "the last use of a key was not noted");
            }
        });
    }
    Ok(Some(Caller::ApiKey(id)))
}

async fn find_by_token(
    db: &Db,
    token: &Token,
    hash: [u8; 32],
) -> Result<Option<(ApiKeyId, Option<DateTime<Utc>>)>> {
    let turn = tokio::time::timeout(TOKEN_PATIENCE, db.token_lookups().acquire()).await;
    let _turn = turn.ok().and_then(Result::ok).ok_or(Error::Unreachable)?;
    let epoch = db.cache().tokens.epoch();
    let candidates = sqlx::query!(
        "select id, hash, expires_at from api_keys where prefix = $1 and revoked_at is null",
        token.prefix(),
    )
    .fetch_all(db.pool())
    .await?;
    let found = candidates.into_iter().find(|candidate| token.matches(&candidate.hash));
    Ok(found.map(|key| {
        db.cache().tokens.remember(epoch, hash, ApiKeyId(key.id), key.expires_at);
        (ApiKeyId(key.id), key.expires_at)
    }))
}

/// Sees to it that somebody can call: puts the key from the configuration into force, or, where there is none and no
/// key exists, makes one with every scope and returns its token, to be shown once.
///
/// # Errors
/// If the store does not answer.
pub async fn bootstrap(db: &Db, configured: Option<&Token>) -> Result<Option<Token>> {
    let mut tx = db.begin(crate::tx::Request { id: "start".into(), ip: None }).await?;
    // Replicas that start together agree on one first key.
    sqlx::query("lock table api_keys in share row exclusive mode").execute(tx.connection()).await?;
    let (name, token) = match configured {
        Some(token) => {
            let is_known = sqlx::query_scalar!(
                r#"select exists (select from api_keys where hash = $1)
                       or exists (select from retired_api_keys where hash = $1) as "known!""#,
                &token.hash()[..]
            )
            .fetch_one(tx.connection())
            .await?;
            if is_known {
                return Ok(None);
            }
            ("bootstrap", token.clone())
        }
        None => {
            let some = sqlx::query_scalar!("select id from api_keys limit 1")
                .fetch_optional(tx.connection())
                .await?;
            if some.is_some() {
                return Ok(None);
            }
            ("first run", Token::generate(tx.random()))
        }
    };
    let new = NewApiKey { name: name.into(), scopes: Scope::ALL.to_vec(), expires_at: None };
    let allowed =
        tx.authorize_with::<key::Create>(&Caller::Operator, KeyOwner::Platform, new.context()).await?;
    let id = ApiKeyId(tx.new_id());
    insert(&mut tx, id, KeyOwner::Platform, &new, &token).await?;
    let made = find(&mut tx, id).await?;
    tx.record(&allowed, None, &id.uid(), Change { after: view(&made), ..Change::default() }).await?;
    tx.commit().await?;
    Ok(configured.is_none().then_some(token))
}

async fn insert(tx: &mut Tx, id: ApiKeyId, owner: KeyOwner, new: &NewApiKey, token: &Token) -> Result<()> {
    let mut scopes = new.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let scopes: Vec<String> = scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect();
    let now = tx.now();
    sqlx::query!(
        "insert into api_keys (id, org_id, name, prefix, hash, scopes, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        owner.org_id().map(|org| org.0),
        new.name,
        token.prefix(),
        &token.hash()[..],
        &scopes,
        new.expires_at,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn find(tx: &mut Tx, id: ApiKeyId) -> Result<ApiKey> {
    let row = sqlx::query_as!(
        Row,
        "select id, org_id, name, prefix, scopes, expires_at, last_used_at, revoked_at, created_at
         from api_keys where id = $1",
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    row.ok_or(Error::NotFound(ApiKeyId::NOUN))?.try_into()
}

/// What the audit log says of a key.
fn view(key: &ApiKey) -> Value {
    json!({ "name": key.name, "prefix": key.prefix, "scopes": key.scopes, "expires_at": key.expires_at })
}
