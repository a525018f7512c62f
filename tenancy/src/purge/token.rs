use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::id::PurgeId;
use crate::master_key::{MasterKey, Purpose};

/// The secret of a purge: `dwp_` and a keyed hash (HMAC-SHA256) of its id. Whoever has it sees the purge and calls it off,
/// without an account.
#[derive(Clone)]
pub struct PurgeToken(SecretString);

impl PurgeToken {
    const PREFIX: &str = "dwp_";

    pub(super) fn of(id: PurgeId, master_key: &MasterKey) -> Self {
        let mac = master_key.mac(Purpose::Purge, &[id.0.as_bytes()]);
        Self(format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(mac)).into())
    }

    /// A token as somebody presented it; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        (BASE64_URL_SAFE_NO_PAD.decode(rest).ok()?.len() == 32).then(|| Self(text.into()))
    }

    /// The secret itself, for the link and the one answer that tells it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }
}

impl fmt::Debug for PurgeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurgeToken(…)")
    }
}
