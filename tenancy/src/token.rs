//! Secrets that callers present.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use runtime::Random;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The secret of an API key: `dw_` and 256 random bits. Shown once; the store holds its hash.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Shortest token that is accepted from configuration, in characters.
    pub const MIN: usize = 32;
    /// Characters that are kept in clear, to find and recognise a key. A generated token keeps 202 bits secret.
    const PREFIX: usize = 12;

    pub(crate) fn generate(random: &Random) -> Self {
        Self(format!("dw_{}", BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>())).into())
    }

    /// A token as a caller presented it. None if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_token =
            (Self::MIN..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into()))
    }

    /// What may be stored and shown.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0.expose_secret()[..Self::PREFIX]
    }

    /// The secret itself, for the one time it is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// A plain SHA-256: what is hashed has too many bits to be guessed, so that a slow hash would only slow requests.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }

    pub(crate) fn matches(&self, hash: &[u8]) -> bool {
        self.hash()[..].ct_eq(hash).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", self.prefix())
    }
}
