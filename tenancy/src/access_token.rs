//! Access tokens: JSON Web Tokens (RFC 7519, in the profile of RFC 9068) that say for a short while who is signed in.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{OrgId, SessionId, UserId, WorkspaceId};

/// For whom tokens are.
pub const AUDIENCE: &str = "doorward";

/// The type in the head of a token (RFC 9068, section 2.1): no other token of ours passes for one.
const TYPE: &str = "at+jwt";

/// How far the clocks of an installation's processes may be apart: a token that one has just signed, another knows at once.
const SKEW: TimeDelta = TimeDelta::seconds(30);

/// What a token says. Roles are for display: decisions read them from the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    pub(crate) org_id: Option<OrgId>,
    pub(crate) org_role: Option<String>,
    pub(crate) workspace_id: Option<WorkspaceId>,
    pub(crate) workspace_role: Option<String>,
    pub(crate) platform_role: Option<String>,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) jti: Uuid,
}

/// The token that a request carries. Whoever has it, is the person until it ends.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Longest token that is read, in bytes.
    const MAX: usize = 4096;

    /// A token as a caller presented it; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_compact = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_token =
            text.len() <= Self::MAX && text.split('.').count() == 3 && text.bytes().all(is_compact);
        is_token.then(|| Self(text.into()))
    }

    /// The secret itself, for its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// What tokens are made by.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The public URL of this Doorward.
    pub url: String,
    /// How long a token is good.
    pub lifetime: TimeDelta,
}

impl Db {
    /// Signs claims.
    pub(crate) async fn sign(&self, claims: &Claims) -> Result<AccessToken> {
        let signed = self
            .with_signing_key(|key| {
                let header = Header {
                    typ: Some(TYPE.into()),
                    kid: Some(key.id.to_string()),
                    ..Header::new(Algorithm::EdDSA)
                };
                encode(&header, claims, &key.signs)
            })
            .await?;
        let token = signed.map_err(|error| Error::Store(sqlx::Error::Encode(error.into())))?;
        Ok(AccessToken(token.into()))
    }

    /// What a token says, if it is one of ours and good now: signed (EdDSA and nothing else) by a key of the store, of the
    /// right type, for us, by us, and within its time.
    pub(crate) async fn verify(&self, token: &AccessToken) -> Result<Option<Claims>> {
        let text = token.reveal();
        let Ok(header) = decode_header(text) else { return Ok(None) };
        let key = header.kid.as_deref().and_then(|kid| kid.parse::<Uuid>().ok());
        let (Some(key), Algorithm::EdDSA, Some(TYPE)) = (key, header.alg, header.typ.as_deref()) else {
            return Ok(None);
        };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer().url]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // By our own clock, below.
        validation.validate_exp = false;
        let claims = self
            .with_verifying_key(key, |key| decode::<Claims>(text, &key.verifies, &validation).ok())
            .await?
            .flatten();
        let now = self.now().timestamp();
        Ok(claims
            .map(|data| data.claims)
            .filter(|claims| claims.nbf <= now + SKEW.num_seconds() && now < claims.exp))
    }
}

/// A token's times, in seconds since the epoch: from now on, for its lifetime, and not longer than the session.
pub(crate) fn times(now: DateTime<Utc>, lifetime: TimeDelta, session_ends: DateTime<Utc>) -> (i64, i64) {
    (now.timestamp(), (now + lifetime).min(session_ends).timestamp())
}
