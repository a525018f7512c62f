//! The keys that access tokens are signed with (Ed25519, RFC 8032).

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::action::{Platform, platform};
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::master_key::Purpose;
use crate::tx::{Authorized, Request, Tx};

/// A new key is published for so long before it signs: who keeps the key set must have heard of it by then. As long as the
/// set may be kept.
pub const PUBLISHED_BEFORE: TimeDelta = TimeDelta::minutes(10);

/// A key that no token is signed with any more is published for so long: every token that it signed is dead by then.
const PUBLISHED_AFTER: TimeDelta = TimeDelta::hours(2);

/// How long keys are used without another look at the store: so long may a key that was revoked still be good elsewhere.
const FRESH: TimeDelta = TimeDelta::seconds(30);

/// How often the store is asked for keys at most, for who presents tokens of unknown ones.
const RELOAD: TimeDelta = TimeDelta::seconds(5);

/// When the signing key changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// When it is older than this, with both keys good for a while.
    WhenOlderThan(TimeDelta),
    /// Now, and every access token that was given out is dead: the key has become known. Sessions go on by a refresh.
    AtOnce,
}

/// A public key as a JSON Web Key (RFC 8037, section 2).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: &'static str,
    /// Always `Ed25519`.
    pub crv: &'static str,
    /// Always `EdDSA`.
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// The key's name, the one in the head of tokens.
    pub kid: String,
    /// The key.
    pub x: String,
}

/// A key as processes hold it.
pub(crate) struct SigningKey {
    pub(crate) id: Uuid,
    signs_from: DateTime<Utc>,
    public: Vec<u8>,
    pub(crate) verifies: DecodingKey,
    pub(crate) signs: EncodingKey,
}

/// The keys of this process, oldest first, and when they were read.
#[derive(Default)]
pub(crate) struct SigningKeys {
    known: ArcSwap<(Option<DateTime<Utc>>, Vec<SigningKey>)>,
    reading: Mutex<()>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys(…)")
    }
}

type Known = Arc<(Option<DateTime<Utc>>, Vec<SigningKey>)>;

impl Db {
    /// The keys as they are now or were a short while ago.
    async fn keys(&self, enough: impl Fn(&[SigningKey]) -> bool, at_most: TimeDelta) -> Result<Known> {
        let keys = self.signing_keys();
        let is_good =
            |known: &Known| enough(&known.1) && known.0.is_some_and(|read| (self.now() - read).abs() < FRESH);
        let known = keys.known.load_full();
        if is_good(&known) {
            return Ok(known);
        }
        // One reads, the others wait for it and look again.
        let _turn = keys.reading.lock().await;
        let known = keys.known.load_full();
        if is_good(&known) || known.0.is_some_and(|read| (self.now() - read).abs() < at_most) {
            return Ok(known);
        }
        let mut tx = self.begin(Request::default()).await?;
        let found = read(&mut tx).await?;
        keys.known.store(Arc::new((Some(self.now()), found)));
        Ok(keys.known.load_full())
    }

    /// Does something with the key that signs now; there is always one, for who needs the first makes it.
    pub(crate) async fn with_signing_key<T>(&self, sign: impl FnOnce(&SigningKey) -> T) -> Result<T> {
        let now = self.now();
        let can_sign = |keys: &[SigningKey]| !keys.is_empty();
        let mut known = self.keys(can_sign, TimeDelta::zero()).await?;
        if !can_sign(&known.1) {
            let mut tx = self.begin(Request { id: "first signing key".into(), ip: None }).await?;
            let allowed = tx.authorize::<platform::RotateSigningKey>(&Caller::Worker, Platform).await?;
            rotate(&mut tx, &allowed, Rotation::WhenOlderThan(TimeDelta::MAX)).await?;
            tx.commit().await?;
            known = self.keys(|_| false, TimeDelta::zero()).await?;
        }
        // The first of all signs at once, also where the clock is behind that of the process that made it.
        let signs = known.1.iter().rfind(|key| key.signs_from <= now).or(known.1.first());
        let key = signs.ok_or(Error::Unreachable)?;
        Ok(sign(key))
    }

    /// Does something with the key of this name, if there is one.
    pub(crate) async fn with_verifying_key<T>(
        &self,
        id: Uuid,
        verify: impl FnOnce(&SigningKey) -> T,
    ) -> Result<Option<T>> {
        let known = self.keys(|keys| keys.iter().any(|key| key.id == id), RELOAD).await?;
        Ok(known.1.iter().find(|key| key.id == id).map(verify))
    }

    /// Makes this process look at the store before it uses a key again.
    pub fn forget_signing_keys(&self) {
        self.signing_keys().known.store(Arc::default());
    }

    /// The public halves of all keys whose tokens may be good, now or soon (RFC 7517). Not a tenant's data.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn key_set(&self) -> Result<Vec<Jwk>> {
        let known = self.keys(|keys| !keys.is_empty(), RELOAD).await?;
        let jwk = |key: &SigningKey| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.id.to_string(),
            x: BASE64_URL_SAFE_NO_PAD.encode(&key.public),
        };
        Ok(known.1.iter().map(jwk).collect())
    }
}

async fn read(tx: &mut Tx) -> Result<Vec<SigningKey>> {
    let rows = sqlx::query!(
        "select id, public_key, sealed_private_key, signs_from from signing_keys order by signs_from, id"
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let private =
                tx.master_key().open(Purpose::SigningKey, row.id.as_bytes(), &row.sealed_private_key)?;
            Ok(SigningKey {
                id: row.id,
                signs_from: row.signs_from,
                verifies: DecodingKey::from_ed_der(&row.public_key),
                public: row.public_key,
                signs: EncodingKey::from_ed_der(private.expose_secret()),
            })
        })
        .collect()
}

/// Makes a new key if it is time, and forgets those whose tokens are all dead. Returns whether it made one. However many
/// processes try at once, one does.
///
/// # Errors
/// If the store does not answer.
pub async fn rotate(
    tx: &mut Tx,
    allowed: &Authorized<platform::RotateSigningKey>,
    rotation: Rotation,
) -> Result<bool> {
    let now = tx.now();
    sqlx::query("lock table signing_keys in share row exclusive mode").execute(tx.connection()).await?;
    let newest =
        sqlx::query_scalar!(r#"select max(signs_from) from signing_keys"#).fetch_one(tx.connection()).await?;
    let signs_from = match (newest, rotation) {
        (None, _) | (Some(_), Rotation::AtOnce) => now,
        (Some(newest), Rotation::WhenOlderThan(age)) if now - newest > age => now + PUBLISHED_BEFORE,
        (Some(_), Rotation::WhenOlderThan(_)) => {
            forget(tx, now).await?;
            return Ok(false);
        }
    };
    if rotation == Rotation::AtOnce {
        sqlx::query!("delete from signing_keys").execute(tx.connection()).await?;
    }
    let id = tx.new_id();
    // PKCS#8 version 1 is what the library that signs reads.
    let failed = |_| Error::Store(sqlx::Error::Encode("no signing key could be made".into()));
    let private = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new()).map_err(failed)?;
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref())
        .map_err(|error| Error::Store(sqlx::Error::Encode(error.to_string().into())))?;
    let sealed = tx.master_key().seal(Purpose::SigningKey, id.as_bytes(), private.as_ref())?;
    sqlx::query!(
        "insert into signing_keys (id, public_key, sealed_private_key, created_at, signs_from)
         values ($1, $2, $3, $4, $5)",
        id,
        pair.public_key().as_ref(),
        sealed,
        now,
        signs_from,
    )
    .execute(tx.connection())
    .await?;
    forget(tx, now).await?;
    let change = Change { after: json!({ "kid": id, "signs_from": signs_from }), ..Change::default() };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    Ok(true)
}

/// Removes keys that others have replaced for long enough.
async fn forget(tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "delete from signing_keys k
         where exists (select from signing_keys n where n.signs_from > k.signs_from and n.signs_from <= $1)",
        now - PUBLISHED_AFTER
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
