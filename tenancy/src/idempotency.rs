//! Answers to requests that create something, so that one which is sent again creates nothing again
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The row is written in the transaction of the effect. A request with the same key that comes meanwhile waits for it, and
//! finds the answer if that was committed, and a free key if it was not.

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::action::platform;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::master_key::Purpose;
use crate::tx::{Authorized, Tx};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A key that a client chose: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Most characters of a key.
    pub const MAX: usize = 255;

    /// None for what cannot be a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_key =
            (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self(text.to_owned()))
    }
}

/// What was asked for (SHA-256).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a request.
    #[must_use]
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// An answer as it was given.
#[derive(Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Where what was created is.
    pub location: Option<String>,
    /// The body. It may hold a token.
    pub body: SecretString,
}

/// What an answer is sealed as.
#[derive(Serialize, Deserialize)]
struct Clear<'a> {
    location: Option<String>,
    body: std::borrow::Cow<'a, str>,
}

/// A request that may create. Its answer goes to [`remember`].
#[derive(Debug)]
#[must_use = "the answer has to be remembered"]
pub struct Attempt {
    actor: String,
    key: String,
}

impl Attempt {
    /// What the sealed answer is bound to.
    fn whose(&self) -> String {
        format!("{}\n{}", self.actor, self.key)
    }
}

/// How it stands with a key.
#[derive(Debug)]
pub enum Begun {
    /// Nothing was answered yet.
    First(Attempt),
    /// This was answered before, to the same caller for the same request.
    Answered(Answered),
    /// The caller has used the key for another request.
    Reused,
}

/// Takes a key for this transaction, or finds what was answered before. Waits for a transaction that has the same key.
///
/// # Errors
/// [`Error::Unauthenticated`] if nobody in particular asks: their keys would be everybody's.
pub async fn begin(
    tx: &mut Tx,
    caller: &Caller,
    key: &IdempotencyKey,
    fingerprint: &Fingerprint,
) -> Result<Begun> {
    if *caller == Caller::Anonymous {
        return Err(Error::Unauthenticated);
    }
    let attempt = Attempt { actor: caller.uid().to_string(), key: key.0.clone() };
    let now = tx.now();
    // An answer that is too old counts as gone, whether the job that removes it was there or not.
    let begun = sqlx::query_scalar!(
        r#"insert into idempotency_keys (actor, key, fingerprint, created_at) values ($1, $2, $3, $4)
           on conflict (actor, key) do update
               set fingerprint = excluded.fingerprint, status = null, sealed_response = null,
                   created_at = excluded.created_at
               where idempotency_keys.created_at <= $5
           returning true as "begun!""#,
        attempt.actor,
        attempt.key,
        &fingerprint.0[..],
        now,
        now - KEPT,
    )
    .fetch_optional(tx.connection())
    .await?;
    if begun.is_some() {
        return Ok(Begun::First(attempt));
    }
    let before = sqlx::query!(
        "select fingerprint, status, sealed_response from idempotency_keys where actor = $1 and key = $2",
        attempt.actor,
        attempt.key,
    )
    .fetch_one(tx.connection())
    .await?;
    if before.fingerprint != fingerprint.0 {
        return Ok(Begun::Reused);
    }
    let (Some(status), Some(sealed)) = (before.status, before.sealed_response) else {
        return Err(unreadable("a key without an answer"));
    };
    let opened = tx.master_key().open(Purpose::IdempotentAnswer, attempt.whose().as_bytes(), &sealed)?;
    let clear: Clear<'_> = serde_json::from_slice(opened.expose_secret()).map_err(unreadable)?;
    let status = u16::try_from(status).map_err(unreadable)?;
    let body = SecretString::from(clear.body.into_owned());
    Ok(Begun::Answered(Answered { status, location: clear.location, body }))
}

/// Keeps an answer for whoever sends the request again; it lasts if the transaction does.
///
/// # Errors
/// If the store does not answer.
pub async fn remember(tx: &mut Tx, attempt: Attempt, answered: &Answered) -> Result<()> {
    let clear = Clear { location: answered.location.clone(), body: answered.body.expose_secret().into() };
    let clear = SecretString::from(serde_json::to_string(&clear).map_err(unreadable)?);
    let sealed = tx.master_key().seal(
        Purpose::IdempotentAnswer,
        attempt.whose().as_bytes(),
        clear.expose_secret().as_bytes(),
    )?;
    sqlx::query!(
        "update idempotency_keys set status = $3, sealed_response = $4 where actor = $1 and key = $2",
        attempt.actor,
        attempt.key,
        i16::try_from(answered.status).map_err(unreadable)?,
        sealed,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes answers that are too old. Returns how many; at most 10 000.
///
/// # Errors
/// If the store does not answer.
pub async fn trim(tx: &mut Tx, _: &Authorized<platform::TrimIdempotencyKeys>) -> Result<u64> {
    let too_old = tx.now() - KEPT;
    let removed = sqlx::query!(
        "delete from idempotency_keys where (actor, key) in (
             select actor, key from idempotency_keys where created_at <= $1 limit 10000)",
        too_old
    )
    .execute(tx.connection())
    .await?;
    Ok(removed.rows_affected())
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves API-5
    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        let longest = "x".repeat(255);
        for text in ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "\"quoted\"", &longest] {
            assert!(IdempotencyKey::parse(text).is_some(), "{text:?}");
        }
        for text in ["", " ", "a b", "a\n", "ü", "a\u{7f}", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text), None, "{text:?}");
        }
    }

    // proves API-5
    #[test]
    fn requests_differ_by_method_path_body_and_where_these_end() {
        let one = Fingerprint::of("POST", "/a", b"bc");
        assert_eq!(one, Fingerprint::of("POST", "/a", b"bc"));
        for (method, path, body) in [("PUT", "/a", "bc"), ("POST", "/ab", "c"), ("POST", "/a", "b")] {
            assert_ne!(one, Fingerprint::of(method, path, body.as_bytes()));
        }
    }
}
