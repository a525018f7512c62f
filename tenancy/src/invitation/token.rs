use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::id::InvitationId;
use crate::master_key::{MasterKey, Purpose};

/// The secret of an invitation: `dwi_` and a keyed hash (HMAC-SHA256) of its id and of how often it was sent. Whoever has it
/// can read the mailbox that it was sent to. It says nothing by itself.
#[derive(Clone)]
pub struct InvitationToken(SecretString);

impl InvitationToken {
    const PREFIX: &str = "dwi_";

    pub(super) fn of(id: InvitationId, sent: i32, master_key: &MasterKey) -> Self {
        let mac = master_key.mac(Purpose::Invitation, &[id.0.as_bytes(), &sent.to_be_bytes()]);
        Self(format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(mac)).into())
    }

    /// A token as somebody presented it; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        (BASE64_URL_SAFE_NO_PAD.decode(rest).ok()?.len() == 32).then(|| Self(text.into()))
    }

    /// The secret itself, for the link.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(…)")
    }
}
