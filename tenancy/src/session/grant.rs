use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::refresh::{self, RefreshToken};
use super::{Device, MOST, SessionEnd, Which, end};
use crate::access_token::{self, AUDIENCE, AccessToken, Claims};
use crate::action::user;
use crate::audit::Change;
use crate::caller::{Current, Person};
use crate::context;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{OrgId, SessionId, UserId, WorkspaceId};
use crate::tx::{Authorized, Tx};

/// What somebody who is signed in gets; to be signed once the transaction is committed ([`Db::tokens`]).
#[derive(Debug)]
#[must_use]
pub struct Grant {
    user: UserId,
    session: SessionId,
    refresh_token: RefreshToken,
    /// Names the refresh token, and every access token that is given out with it.
    token_id: Uuid,
}

/// Tokens for whoever is signed in.
#[derive(Debug)]
pub struct Tokens {
    /// The session.
    pub session: SessionId,
    /// For requests.
    pub access_token: AccessToken,
    /// When it ends.
    pub access_expires_at: DateTime<Utc>,
    /// For new tokens.
    pub refresh_token: RefreshToken,
    /// When it ends, if it is not used until then.
    pub refresh_expires_at: DateTime<Utc>,
}

/// How somebody who signs in proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By password.
    Password,
    /// By password and second factor.
    SecondFactor,
}

impl Proof {
    /// Somebody who has just proved so who they are.
    pub(crate) fn person(self, person: Person, now: DateTime<Utc>) -> Person {
        Person {
            authenticated_at: Some(now),
            second_factor_at: self.second_factor_at(now).or(person.second_factor_at),
            ..person
        }
    }

    fn second_factor_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::SecondFactor).then_some(now)
    }
}

/// Signs somebody in. They go on where they were last.
pub(crate) async fn open(
    tx: &mut Tx,
    allowed: &Authorized<user::OpenSession>,
    device: &Device,
    proof: Proof,
) -> Result<Grant> {
    let (user, now, limits) = (*allowed.target(), tx.now(), tx.session_limits());
    let session = SessionId(tx.new_id());
    // Memberships before sessions, as whoever ends a membership takes them.
    let context = context::resume(tx, allowed.actor(), user).await?;
    make_room(tx, user).await?;
    sqlx::query!(
        "insert into sessions (id, user_id, created_at, authenticated_at, second_factor_at, last_seen_at, ip, user_agent,
                               expires_at, idle_until, org_id, workspace_id)
         values ($1, $2, $3, $3, $4, $3, $5::text::inet, $6, $7, $8, $9, $10)",
        session.0,
        user.0,
        now,
        proof.second_factor_at(now),
        device.ip.map(|ip| ip.to_string()),
        device.user_agent,
        now + limits.lifetime,
        now + limits.idle.min(limits.lifetime),
        context.org.map(|id| id.0),
        context.workspace.map(|id| id.0),
    )
    .execute(tx.connection())
    .await?;
    let (token_id, refresh_token) = refresh::first(tx, session).await?;
    let change = Change {
        after: json!({
            "session": session, "user_agent": device.user_agent, "second_factor": proof == Proof::SecondFactor,
        }),
        ..Change::default()
    };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    Ok(Grant { user, session, refresh_token, token_id })
}

/// New tokens for a session whose person has just proved again who they are; those it had are dead.
pub(crate) async fn renew(
    tx: &mut Tx,
    allowed: &Authorized<user::Reauthenticate>,
    session: SessionId,
    proof: Proof,
) -> Result<Grant> {
    let now = tx.now();
    let renewed = sqlx::query!(
        "update sessions set authenticated_at = $2, second_factor_at = coalesce($3, second_factor_at),
             idle_until = least($4, expires_at)
         where id = $1 and revoked_at is null",
        session.0,
        now,
        proof.second_factor_at(now),
        now + tx.session_limits().idle,
    )
    .execute(tx.connection())
    .await?;
    if renewed.rows_affected() == 0 {
        return Err(Error::Unauthenticated);
    }
    let change = Change {
        after: json!({ "session": session, "second_factor": proof == Proof::SecondFactor }),
        ..Change::default()
    };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    reissue(tx, *allowed.target(), session).await
}

/// New tokens for a session; those it had are dead.
///
/// # Errors
/// If the store does not answer.
pub(crate) async fn reissue(tx: &mut Tx, user: UserId, session: SessionId) -> Result<Grant> {
    let now = tx.now();
    refresh::retire(tx, session, now).await?;
    let (token_id, refresh_token) = refresh::first(tx, session).await?;
    Ok(Grant { user, session, refresh_token, token_id })
}

impl Grant {
    pub(super) fn new(user: UserId, session: SessionId, token_id: Uuid, refresh_token: RefreshToken) -> Self {
        Self { user, session, refresh_token, token_id }
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }
}

/// Who has as many sessions as one can have, loses the one that was seen least lately.
async fn make_room(tx: &mut Tx, user: UserId) -> Result<()> {
    let now = tx.now();
    // Two who sign in at once count one after the other.
    sqlx::query!("select id from users where id = $1 for no key update", user.0)
        .fetch_optional(tx.connection())
        .await?;
    let beyond = sqlx::query_scalar!(
        "select id from sessions where user_id = $1 and revoked_at is null and expires_at > $2 and idle_until > $2
         order by last_seen_at desc, id desc offset $3",
        user.0,
        now,
        MOST - 1,
    )
    .fetch_all(tx.connection())
    .await?;
    for id in beyond {
        end(tx, user, Which::This(SessionId(id)), SessionEnd::Replaced).await?;
    }
    Ok(())
}

/// What tokens will say, as of the transaction that grants them.
#[derive(Debug)]
#[must_use]
pub struct Draft {
    grant: Grant,
    current: Current,
    org_role: Option<String>,
    workspace_role: Option<String>,
    platform_role: Option<String>,
    ends: DateTime<Utc>,
}

/// Reads what tokens have to say, in the transaction that grants them.
///
/// # Errors
/// [`Error::Unauthenticated`] if the session has ended meanwhile.
pub(crate) async fn draft(tx: &mut Tx, grant: Grant) -> Result<Draft> {
    read(tx.connection(), grant).await
}

async fn read(connection: &mut PgConnection, grant: Grant) -> Result<Draft> {
    let row = sqlx::query!(
        r#"select least(s.expires_at, s.idle_until) as "ends!", s.org_id, s.workspace_id, u.platform_role,
                  m.role as "org_role?", w.role as "workspace_role?"
           from sessions s join users u on u.id = s.user_id
           left join memberships m on m.org_id = s.org_id and m.user_id = s.user_id and m.suspended_at is null
           left join workspace_members w on w.workspace_id = s.workspace_id and w.user_id = s.user_id
               and (w.org_id is null or w.org_id = m.org_id)
           where s.id = $1 and s.revoked_at is null"#,
        grant.session.0
    )
    .fetch_optional(connection)
    .await?
    .ok_or(Error::Unauthenticated)?;
    let current = Current { org: row.org_id.map(OrgId), workspace: row.workspace_id.map(WorkspaceId) };
    Ok(Draft {
        grant,
        current,
        org_role: row.org_role,
        workspace_role: row.workspace_role,
        platform_role: row.platform_role,
        ends: row.ends,
    })
}

impl Db {
    /// Signs what was granted. Roles are those of now.
    ///
    /// # Errors
    /// If the store does not answer; [`Error::Unauthenticated`] if the session has ended meanwhile.
    pub async fn tokens(&self, grant: Grant) -> Result<Tokens> {
        let draft = read(&mut *self.pool().acquire().await.map_err(Error::from)?, grant).await?;
        self.sign_draft(draft).await
    }

    /// Signs tokens, once the transaction that granted them is committed.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn sign_draft(&self, draft: Draft) -> Result<Tokens> {
        let now = self.now();
        let Draft { grant, current, org_role, workspace_role, platform_role, ends } = draft;
        let (iat, exp) = access_token::times(now, self.issuer().lifetime, ends);
        let claims = Claims {
            sub: grant.user,
            sid: grant.session,
            org_id: current.org,
            org_role,
            workspace_id: current.workspace,
            workspace_role,
            platform_role,
            iat,
            nbf: iat,
            exp,
            iss: self.issuer().url.clone(),
            aud: AUDIENCE.to_owned(),
            jti: grant.token_id,
        };
        Ok(Tokens {
            session: grant.session,
            access_token: self.sign(&claims).await?,
            access_expires_at: DateTime::from_timestamp(exp, 0).unwrap_or(now),
            refresh_token: grant.refresh_token,
            refresh_expires_at: ends,
        })
    }
}
