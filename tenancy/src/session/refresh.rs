use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{Device, Grant, SessionEnd, Which, end};
use crate::action::user;
use crate::audit::Change;
use crate::caller::{Caller, Current, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::master_key::Purpose;
use crate::tx::{Request, Tx};

/// What a session is prolonged with: `dwr_` and 256 bits. Good once; the store holds its hash.
#[derive(Clone)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    const PREFIX: &str = "dwr_";

    fn new(bytes: [u8; 32]) -> Self {
        Self(format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(bytes)).into())
    }

    /// A token as somebody presented it; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        (BASE64_URL_SAFE_NO_PAD.decode(rest).ok()?.len() == 32).then(|| Self(text.into()))
    }

    /// The secret itself, for its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }

    /// The token that comes after this one. Made from it and the installation's secret: whoever presents this one gets it
    /// again, and neither the store nor the secret alone gives it.
    fn successor(&self, tx: &Tx, id: Uuid) -> Self {
        let token = self.0.expose_secret().as_bytes();
        Self::new(tx.master_key().mac(Purpose::Refresh, &[token, id.as_bytes()]))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl<'de> Deserialize<'de> for RefreshToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a refresh token: dwr_ and 43 characters"))
    }
}

/// Prolongs a session: the token is used up, and its successor comes with the grant. Who presents it again within the grace
/// gets the same successor, so that two tabs that refresh at once both stay signed in. After that it ends the session: two
/// have the token, and one of them is not its owner (RFC 9700, section 4.14.2).
///
/// # Errors
/// [`Error::Unauthenticated`] if the token is unknown, or its session has ended, or ends now.
pub async fn refresh(db: &Db, request: Request, token: &RefreshToken, device: &Device) -> Result<Grant> {
    let mut tx = db.begin(request).await?;
    let Some(found) = Found::lock(&mut tx, token).await? else { return Err(Error::Unauthenticated) };
    let now = tx.now();
    let person = Caller::User(found.person.clone());
    let allowed = tx.authorize::<user::RefreshSession>(&person, found.user).await?;
    let successor = match found.used {
        None => found.use_up(&mut tx, token, device).await?,
        Some((used_at, successor)) if now - used_at <= tx.session_limits().grace => match successor {
            Some(id) => (id, token.successor(&tx, id)),
            // Another tab has just got tokens on purpose, which this one will have in a moment.
            None => return Err(Error::Unauthenticated),
        },
        Some(_) => {
            found.end_as_stolen(&mut tx).await?;
            tx.commit().await?;
            return Err(Error::Unauthenticated);
        }
    };
    let (token_id, refresh_token) = successor;
    let grant = Grant::new(*allowed.target(), found.session, token_id, refresh_token);
    tx.commit().await?;
    Ok(grant)
}

/// A refresh token that was found, of a session that lives. Its row is locked until the transaction ends.
struct Found {
    id: Uuid,
    user: UserId,
    /// The same, with what is known of them from this session.
    person: Person,
    session: SessionId,
    /// When, and for which successor, if for one.
    used: Option<(DateTime<Utc>, Option<Uuid>)>,
}

impl Found {
    async fn lock(tx: &mut Tx, token: &RefreshToken) -> Result<Option<Self>> {
        let (hash, now) = (token.hash(), tx.now());
        // The session before its tokens, as `retire` does it.
        sqlx::query(
            "select from sessions where id = (select session_id from refresh_tokens where hash = $1) for update",
        )
        .bind(&hash[..])
        .execute(tx.connection())
        .await?;
        let row = sqlx::query!(
            "select t.id, t.hash, t.session_id, t.used_at, t.successor_id, s.user_id, s.authenticated_at, s.second_factor_at
             from refresh_tokens t join sessions s on s.id = t.session_id
             where t.hash = $1 and s.revoked_at is null and s.expires_at > $2 and s.idle_until > $2
             for update",
            &hash[..],
            now,
        )
        .fetch_optional(tx.connection())
        .await?;
        Ok(row.filter(|row| hash[..].ct_eq(&row.hash).into()).map(|row| Self {
            id: row.id,
            user: UserId(row.user_id),
            person: Person {
                id: UserId(row.user_id),
                session: Some(SessionId(row.session_id)),
                authenticated_at: Some(row.authenticated_at),
                second_factor_at: row.second_factor_at,
                current: Current::default(),
            },
            session: SessionId(row.session_id),
            used: row.used_at.map(|used_at| (used_at, row.successor_id)),
        }))
    }

    async fn use_up(
        &self,
        tx: &mut Tx,
        token: &RefreshToken,
        device: &Device,
    ) -> Result<(Uuid, RefreshToken)> {
        let (now, limits, id) = (tx.now(), tx.session_limits(), tx.new_id());
        let successor = token.successor(tx, id);
        insert(tx, id, self.session, &successor).await?;
        sqlx::query!(
            "update refresh_tokens set used_at = $2, successor_id = $3 where id = $1",
            self.id,
            now,
            id
        )
        .execute(tx.connection())
        .await?;
        sqlx::query!(
            "update sessions set idle_until = least($2, expires_at), last_seen_at = $3,
                 ip = coalesce($4::text::inet, ip), user_agent = coalesce($5, user_agent)
             where id = $1",
            self.session.0,
            now + limits.idle,
            now,
            device.ip.map(|ip| ip.to_string()),
            device.user_agent,
        )
        .execute(tx.connection())
        .await?;
        Ok((id, successor))
    }

    async fn end_as_stolen(&self, tx: &mut Tx) -> Result<()> {
        let allowed = tx.authorize::<user::EndSession>(&Caller::Worker, self.user).await?;
        end(tx, self.user, Which::This(self.session), SessionEnd::TokenReused).await?;
        let change = Change {
            before: json!({ "session": self.session }),
            after: json!({ "revoked_because": SessionEnd::TokenReused }),
        };
        tracing::warn!(session = %self.session, user = %self.user, "a refresh token was used again; its session was ended");
        tx.record(&allowed, None, &allowed.uid(), change).await
    }
}

/// The first token of a chain.
pub(super) async fn first(tx: &mut Tx, session: SessionId) -> Result<(Uuid, RefreshToken)> {
    let (id, token) = (tx.new_id(), RefreshToken::new(tx.random().bytes()));
    insert(tx, id, session, &token).await?;
    Ok((id, token))
}

/// Ends everything that was given out for a session, without ending it.
pub(super) async fn retire(tx: &mut Tx, session: SessionId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("select from sessions where id = $1 for update")
        .bind(session.0)
        .execute(tx.connection())
        .await?;
    // What is used up by a token that is not its successor has none.
    sqlx::query!(
        "update refresh_tokens set access_revoked_at = coalesce(access_revoked_at, $2), used_at = coalesce(used_at, $2),
             successor_id = null
         where session_id = $1",
        session.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn insert(tx: &mut Tx, id: Uuid, session: SessionId, token: &RefreshToken) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into refresh_tokens (id, session_id, hash, created_at) values ($1, $2, $3, $4)",
        id,
        session.0,
        &token.hash()[..],
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
