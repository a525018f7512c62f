//! What a process needs to know who people are: settings, the installation's secret, keys.

use chrono::TimeDelta;
use runtime::{Config, Random};

use crate::access_token::Issuer;
use crate::address::{Address, NoAddress};
use crate::master_key::MasterKey;
use crate::password::{PasswordHashing, Passwords};
use crate::purge::DeletionSettings;
use crate::session::SessionLimits;
use crate::signing_key::SigningKeys;

/// How accounts are kept.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// How long a new account has full rights without approval.
    pub trial: TimeDelta,
    /// The storage of a new account, in bytes.
    pub quota: i64,
    /// The address of the first administrator, if it is fixed.
    pub admin_email: Option<Address>,
    /// How passwords are hashed.
    pub passwords: PasswordHashing,
    /// How long sessions live.
    pub sessions: SessionLimits,
    /// What access tokens are made by.
    pub issuer: Issuer,
    /// How what is deleted is erased.
    pub deletion: DeletionSettings,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            trial: TimeDelta::hours(48),
            quota: 5 << 30,
            admin_email: None,
            passwords: PasswordHashing::default(),
            sessions: SessionLimits::default(),
            issuer: Issuer { url: "http://localhost".into(), lifetime: TimeDelta::minutes(15) },
            deletion: DeletionSettings::default(),
        }
    }
}

impl TryFrom<&Config> for AccountSettings {
    type Error = NoAddress;

    fn try_from(config: &Config) -> Result<Self, NoAddress> {
        // The configuration has bounds that a TimeDelta holds.
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Ok(Self {
            trial: delta(config.trial),
            quota: config.quota,
            admin_email: config.admin_email.as_deref().map(str::parse).transpose()?,
            passwords: config.into(),
            sessions: SessionLimits {
                idle: delta(config.session_idle),
                lifetime: delta(config.session_lifetime),
                grace: delta(config.refresh_grace),
            },
            issuer: Issuer { url: config.public_url.clone(), lifetime: delta(config.access_token_lifetime) },
            deletion: DeletionSettings {
                grace: delta(config.deletion_grace),
                deadline: delta(config.purge_deadline),
            },
        })
    }
}

/// All of it, once in a process.
#[derive(Debug)]
pub struct Identity {
    pub(crate) settings: AccountSettings,
    pub(crate) master_key: MasterKey,
    pub(crate) passwords: Passwords,
    pub(crate) signing_keys: SigningKeys,
}

impl Identity {
    /// Puts it together.
    #[must_use]
    pub fn new(settings: AccountSettings, master_key: MasterKey, random: Random) -> Self {
        let passwords = Passwords::new(settings.passwords, random);
        Self { settings, master_key, passwords, signing_keys: SigningKeys::default() }
    }
}
