//! The secret of an installation, and what is made with it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use runtime::Random;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use subtle::ConstantTimeEq as _;

use crate::db::Db;
use crate::error::{Error, Result};

/// From it come the keys for everything else, one for each purpose (HKDF-SHA256, RFC 5869).
#[derive(Debug, Clone)]
pub struct MasterKey(SecretSlice<u8>);

/// What a key is for. What is made for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Recognises the installation.
    Check,
    /// Tokens in links.
    Link,
    /// Tokens of invitations.
    Invitation,
    /// Successors of refresh tokens.
    Refresh,
    /// Seals keys that sign access tokens.
    SigningKey,
    /// Seals the secrets of second factors.
    SecondFactor,
    /// Hashes recovery codes, which are short.
    RecoveryCode,
    /// Tokens of purges, and to whom their receipts go.
    Purge,
    /// Seals answers that are given again.
    IdempotentAnswer,
    /// Seals the keys that seal credentials of connections.
    EncryptionKey,
    /// Addresses for the bytes of documents.
    DocumentLink,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Check => b"doorward check 1",
            Self::Link => b"doorward link 1",
            Self::Invitation => b"doorward invitation 1",
            Self::Refresh => b"doorward refresh 1",
            Self::SigningKey => b"doorward signing key 1",
            Self::SecondFactor => b"doorward second factor 1",
            Self::RecoveryCode => b"doorward recovery code 1",
            Self::Purge => b"doorward purge 1",
            Self::IdempotentAnswer => b"doorward idempotent answer 1",
            Self::EncryptionKey => b"doorward encryption key 1",
            Self::DocumentLink => b"doorward document link 1",
        }
    }
}

/// The sealed text cannot be opened: it was changed, or belongs somewhere else, or was sealed with another key.
#[derive(Debug, thiserror::Error)]
#[error("what is sealed cannot be opened with the secret of this installation")]
pub(crate) struct Unopened;

impl From<Unopened> for Error {
    fn from(unopened: Unopened) -> Self {
        Self::Store(sqlx::Error::Decode(unopened.into()))
    }
}

impl MasterKey {
    /// From the secret in the configuration.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        Self(secret.expose_secret().as_bytes().to_vec().into())
    }

    /// One that nobody knows, and that is gone with the process.
    pub(crate) fn ephemeral(random: &Random) -> Self {
        Self(random.bytes::<32>().to_vec().into())
    }

    fn derive(&self, purpose: Purpose) -> [u8; 32] {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"doorward");
        let extracted = salt.extract(self.0.expose_secret());
        let mut key = [0; 32];
        let info = [purpose.label()];
        // 32 bytes are one block of SHA-256, which HKDF always gives.
        let filled = extracted.expand(&info, hkdf::HKDF_SHA256).and_then(|expanded| expanded.fill(&mut key));
        debug_assert!(filled.is_ok());
        key
    }

    /// A keyed hash (HMAC-SHA256) over parts, each with its length.
    pub(crate) fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }

    /// Seals (AES-256-GCM, a random nonce before the text). `whose` has to be given again to open it, so that a sealed
    /// text cannot be moved to another row.
    pub(crate) fn seal(&self, purpose: Purpose, whose: &[u8], clear: &[u8]) -> Result<Vec<u8>, Unopened> {
        seal(&self.derive(purpose), whose, clear)
    }

    /// Opens what was sealed.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        whose: &[u8],
        sealed: &[u8],
    ) -> Result<SecretSlice<u8>, Unopened> {
        open(&self.derive(purpose), whose, sealed)
    }
}

/// Seals with a key of 256 bits, as [`MasterKey::seal`].
pub(crate) fn seal(key: &[u8], whose: &[u8], clear: &[u8]) -> Result<Vec<u8>, Unopened> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Unopened)?;
    let mut text = clear.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(whose), &mut text).map_err(|_| Unopened)?;
    Ok([&nonce.as_ref()[..], &text].concat())
}

/// Opens what was sealed with a key of 256 bits.
pub(crate) fn open(key: &[u8], whose: &[u8], sealed: &[u8]) -> Result<SecretSlice<u8>, Unopened> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unopened)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Unopened)?;
    let mut text = text.to_vec();
    let clear = key.open_in_place(nonce, Aad::from(whose), &mut text).map_err(|_| Unopened)?;
    Ok(clear.to_vec().into())
}

impl Db {
    /// Whether this process has the secret that the store was set up with; the first one to ask decides.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn recognises_secret(&self) -> Result<bool> {
        let own = self.master_key().mac(Purpose::Check, &[]);
        let known = sqlx::query_scalar!(
            "insert into master_key (check_value) values ($1)
             on conflict (is_only) do update set check_value = master_key.check_value
             returning check_value",
            &own[..]
        )
        .fetch_one(self.pool())
        .await?;
        Ok(own[..].ct_eq(&known).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> MasterKey {
        MasterKey::new(&secret.into())
    }

    // proves AUT-8
    #[test]
    fn what_is_sealed_opens_for_its_owner_its_purpose_and_its_secret_only() {
        let master = key("one");
        let sealed = master.seal(Purpose::SecondFactor, b"ann", b"clear").unwrap();
        let open = |master: &MasterKey, purpose, whose: &[u8], sealed: &[u8]| {
            master.open(purpose, whose, sealed).ok().map(|clear| clear.expose_secret().to_vec())
        };
        assert_eq!(open(&master, Purpose::SecondFactor, b"ann", &sealed).as_deref(), Some(&b"clear"[..]));
        assert_ne!(sealed, master.seal(Purpose::SecondFactor, b"ann", b"clear").unwrap());
        assert!(!sealed.windows(5).any(|window| window == b"clear"));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        for (master, purpose, whose, sealed) in [
            (&master, Purpose::SecondFactor, &b"bob"[..], &sealed[..]),
            (&master, Purpose::SigningKey, b"ann", &sealed),
            (&key("two"), Purpose::SecondFactor, b"ann", &sealed),
            (&master, Purpose::SecondFactor, b"ann", &changed),
            (&master, Purpose::SecondFactor, b"ann", &sealed[..20]),
            (&master, Purpose::SecondFactor, b"ann", b""),
        ] {
            assert_eq!(open(master, purpose, whose, sealed), None);
        }
    }

    // proves AUT-6
    #[test]
    fn keyed_hashes_differ_by_secret_purpose_and_where_parts_end() {
        let master = key("one");
        let mac = master.mac(Purpose::Link, &[b"ab", b"c"]);
        assert_eq!(mac, key("one").mac(Purpose::Link, &[b"ab", b"c"]));
        for other in [
            master.mac(Purpose::Link, &[b"a", b"bc"]),
            master.mac(Purpose::Refresh, &[b"ab", b"c"]),
            key("two").mac(Purpose::Link, &[b"ab", b"c"]),
        ] {
            assert_ne!(mac, other);
        }
    }
}
