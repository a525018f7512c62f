//! Where people are signed in.

mod grant;
mod refresh;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;

use utoipa::ToSchema;

use crate::access_token::AccessToken;
use crate::action::user;
use crate::audit::Change;
use crate::caller::{Caller, Current, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{OrgId, SessionId, UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

pub use grant::{Draft, Grant, Tokens};
pub(crate) use grant::{Proof, draft, open, reissue, renew};
pub use refresh::{RefreshToken, refresh};

/// Most sessions of one person; the one that was seen least lately makes room.
pub const MOST: i64 = 50;

/// `last_seen_at` is exact to this.
const LAST_SEEN: TimeDelta = TimeDelta::minutes(1);

/// How long sessions are kept after their end: whoever asks what happened finds them.
const KEPT: TimeDelta = TimeDelta::days(30);

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a refresh.
    pub idle: TimeDelta,
    /// At most.
    pub lifetime: TimeDelta,
    /// How long a used refresh token gives the same successor again.
    pub grace: TimeDelta,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle: TimeDelta::days(14), lifetime: TimeDelta::days(30), grace: TimeDelta::seconds(30) }
    }
}

words! {
    /// Why a session ended before its time.
    SessionEnd {
        /// The person signed out.
        SignedOut = "signed_out",
        /// The person ended it from another session.
        Revoked = "revoked",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// The second factor was changed.
        SecondFactorChanged = "second_factor_changed",
        /// A refresh token was used again after its time: two have it.
        TokenReused = "token_reused",
        /// The person had too many.
        Replaced = "replaced",
        /// The trial ended.
        TrialEnded = "trial_ended",
        /// The person put the account to rest.
        Deactivated = "deactivated",
        /// An administrator closed the account.
        Disabled = "disabled",
        /// The account is being deleted.
        Deleted = "deleted",
        /// An administrator signed the person out.
        ByAdmin = "by_admin",
    }
}

/// What is known of the device that signs in.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// What it calls itself: the `User-Agent`, cut to 256 characters, without control characters.
    pub user_agent: Option<String>,
}

impl Device {
    /// From what a request says.
    #[must_use]
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(256).collect::<String>();
        Self { ip, user_agent: user_agent.map(clean).filter(|text| !text.is_empty()) }
    }
}

/// A session, for its owner.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, exact to a minute.
    pub last_seen_at: DateTime<Utc>,
    /// The address that it was last refreshed from.
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// What the device calls itself.
    pub user_agent: Option<String>,
    /// When it ends, if it is refreshed until then.
    pub expires_at: DateTime<Utc>,
    /// Whether a second factor was confirmed in it.
    pub second_factor: bool,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Who presents this token. Nobody, if the token is not good, or was replaced by a later one on purpose, or its session has
/// ended; what the account may do, policies decide.
///
/// # Errors
/// If the store does not answer.
pub async fn authenticate(db: &Db, token: &AccessToken) -> Result<Option<Caller>> {
    let Some(claims) = db.verify(token).await? else { return Ok(None) };
    let now = db.now();
    let row = sqlx::query!(
        "select s.authenticated_at, s.second_factor_at, s.last_seen_at, s.org_id, s.workspace_id
         from sessions s join refresh_tokens t on t.session_id = s.id and t.id = $3
         where s.id = $1 and s.user_id = $2 and s.revoked_at is null and s.expires_at > $4 and s.idle_until > $4
           and t.access_revoked_at is null",
        claims.sid.0,
        claims.sub.0,
        claims.jti,
        now,
    )
    .fetch_optional(db.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    if now - row.last_seen_at >= LAST_SEEN {
        let pool = db.pool().clone();
        // An answer does not wait for this, and is not refused because of it.
        tokio::spawn(async move {
            let id = claims.sid;
            let noted = sqlx::query!(
                "update sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2",
                id.0,
                now
            );
            if let Err(error) = noted.execute(&pool).await {
                tracing::debug!(%error, %id, "the last use of a session was not noted");
            }
        });
    }
    Ok(Some(Caller::User(Person {
        id: claims.sub,
        session: Some(claims.sid),
        authenticated_at: Some(row.authenticated_at),
        second_factor_at: row.second_factor_at,
        current: Current { org: row.org_id.map(OrgId), workspace: row.workspace_id.map(WorkspaceId) },
    })))
}

/// Where a person is signed in, last seen first.
///
/// # Errors
/// If the store does not answer.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<user::ListSessions>,
    page: Page,
) -> Result<Paged<Session>> {
    let (user, now, current) = (*allowed.target(), tx.now(), current(allowed.actor()));
    let rows = sqlx::query!(
        r#"select id, created_at, last_seen_at, host(ip) as ip, user_agent, least(expires_at, idle_until) as "ends!",
                  second_factor_at is not null as "second_factor!"
           from sessions where user_id = $1 and revoked_at is null and expires_at > $2 and idle_until > $2
           order by last_seen_at desc, id desc limit $3 offset $4"#,
        user.0,
        now,
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from sessions
           where user_id = $1 and revoked_at is null and expires_at > $2 and idle_until > $2"#,
        user.0,
        now
    )
    .fetch_one(tx.connection())
    .await?;
    let sessions = rows.into_iter().map(|row| Session {
        id: SessionId(row.id),
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        ip: row.ip.and_then(|ip| ip.parse().ok()),
        user_agent: row.user_agent,
        expires_at: row.ends,
        second_factor: row.second_factor,
        is_current: current == Some(SessionId(row.id)),
    });
    Ok(page.of(sessions.collect(), total))
}

/// Ends one of a person's sessions. Ending it twice is no error.
///
/// # Errors
/// [`Error::NotFound`] if it is not theirs.
pub async fn revoke(tx: &mut Tx, allowed: &Authorized<user::RevokeSession>, id: SessionId) -> Result<()> {
    let is_theirs = sqlx::query_scalar!(
        r#"select exists (select from sessions where id = $1 and user_id = $2) as "is!""#,
        id.0,
        allowed.target().0
    )
    .fetch_one(tx.connection())
    .await?;
    if !is_theirs {
        return Err(Error::NotFound("session"));
    }
    if end(tx, *allowed.target(), Which::This(id), SessionEnd::Revoked).await? > 0 {
        tx.record(
            allowed,
            None,
            &allowed.uid(),
            Change { before: json!({ "session": id }), ..Change::default() },
        )
        .await?;
    }
    Ok(())
}

/// Ends all of a person's sessions but the one that asks. Returns how many.
///
/// # Errors
/// If the store does not answer.
pub async fn revoke_others(tx: &mut Tx, allowed: &Authorized<user::RevokeSession>) -> Result<u64> {
    let which = Which::AllBut(current(allowed.actor()));
    let ended = end(tx, *allowed.target(), which, SessionEnd::Revoked).await?;
    record_count(tx, allowed, ended).await?;
    Ok(ended)
}

/// Ends all sessions of somebody. Returns how many.
///
/// # Errors
/// If the store does not answer.
pub async fn revoke_all(tx: &mut Tx, allowed: &Authorized<user::RevokeSessions>) -> Result<u64> {
    let ended = end(tx, *allowed.target(), Which::AllBut(None), SessionEnd::ByAdmin).await?;
    record_count(tx, allowed, ended).await?;
    Ok(ended)
}

/// Ends the session that asks.
///
/// # Errors
/// If the store does not answer.
pub async fn sign_out(tx: &mut Tx, allowed: &Authorized<user::SignOut>) -> Result<()> {
    let Some(id) = current(allowed.actor()) else { return Ok(()) };
    if end(tx, *allowed.target(), Which::This(id), SessionEnd::SignedOut).await? > 0 {
        tx.record(
            allowed,
            None,
            &allowed.uid(),
            Change { before: json!({ "session": id }), ..Change::default() },
        )
        .await?;
    }
    Ok(())
}

/// Says where a session works from now on.
pub(crate) async fn place(tx: &mut Tx, session: SessionId, current: Current) -> Result<()> {
    sqlx::query!(
        "update sessions set org_id = $2, workspace_id = $3 where id = $1",
        session.0,
        current.org.map(|id| id.0),
        current.workspace.map(|id| id.0),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Which sessions of a person.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// One.
    This(SessionId),
    /// All but this one, if there is one to keep.
    AllBut(Option<SessionId>),
}

/// Ends sessions, with everything that was given out for them. Returns how many.
pub(crate) async fn end(tx: &mut Tx, user: UserId, which: Which, why: SessionEnd) -> Result<u64> {
    let now = tx.now();
    let (one, but) = match which {
        Which::This(id) => (Some(id.0), None),
        Which::AllBut(id) => (None, id.map(|id| id.0)),
    };
    let ended = sqlx::query!(
        "update sessions set revoked_at = $2, revoked_because = $3
         where user_id = $1 and revoked_at is null and ($4::uuid is null or id = $4)
           and ($5::uuid is null or id <> $5)",
        user.0,
        now,
        why.as_str(),
        one,
        but,
    )
    .execute(tx.connection())
    .await?;
    Ok(ended.rows_affected())
}

/// Removes sessions that ended this long ago, with their tokens. Returns how many; at most 10 000.
///
/// # Errors
/// If the store does not answer.
pub async fn trim(tx: &mut Tx, _: &Authorized<crate::action::platform::TrimSessions>) -> Result<u64> {
    let long_ago = tx.now() - KEPT;
    let sessions = sqlx::query!(
        "delete from sessions where id in (
             select id from sessions where least(expires_at, idle_until, revoked_at) < $1 limit 10000)",
        long_ago
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!("delete from one_time_links where expires_at < $1", long_ago)
        .execute(tx.connection())
        .await?;
    Ok(sessions.rows_affected())
}

/// The session that a caller asks from.
pub(crate) fn current(caller: &Caller) -> Option<SessionId> {
    match caller {
        Caller::User(person) => person.session,
        _ => None,
    }
}

async fn record_count<A: crate::Action<Target = UserId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    ended: u64,
) -> Result<()> {
    let change = Change { before: json!({ "sessions": ended }), after: json!({ "sessions": 0 }) };
    if ended > 0 { tx.record(allowed, None, &allowed.uid(), change).await } else { Ok(()) }
}
