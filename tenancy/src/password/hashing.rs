use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use runtime::{Config, Random};
use tokio::sync::Semaphore;

use super::{Password, PasswordHash};
use crate::error::{Error, Result};

/// How passwords are hashed (argon2id, RFC 9106, one lane).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordHashing {
    /// The memory that one takes, in KiB.
    pub memory: u32,
    /// How often it goes over that memory.
    pub passes: u32,
    /// How many are hashed at a time.
    pub concurrency: usize,
}

impl Default for PasswordHashing {
    fn default() -> Self {
        Self { memory: 19_456, passes: 2, concurrency: 2 }
    }
}

impl From<&Config> for PasswordHashing {
    fn from(config: &Config) -> Self {
        Self {
            memory: config.password_memory,
            passes: config.password_passes,
            concurrency: config.password_concurrency,
        }
    }
}

/// What comparing a password has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash was made with other settings.
    RightWithOldHash,
}

/// Hashes and compares, on threads of their own and a few at a time: each takes much memory and time on purpose.
#[derive(Clone)]
pub(crate) struct Passwords {
    params: Params,
    permits: Arc<Semaphore>,
    random: Random,
    /// What is compared with where there is nothing to compare with, so that it takes as long.
    nobodys: Arc<LazyLock<String, Box<dyn FnOnce() -> String + Send>>>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Passwords {
    pub(crate) fn new(hashing: PasswordHashing, random: Random) -> Self {
        let params = Params::new(hashing.memory, hashing.passes, 1, None).unwrap_or(Params::DEFAULT);
        let (of_nobody, some) = (params.clone(), random.clone());
        let nobodys: Box<dyn FnOnce() -> String + Send> =
            Box::new(move || hash(of_nobody, &some.bytes::<32>(), &some.bytes()).unwrap_or_default());
        Self {
            params,
            permits: Arc::new(Semaphore::new(hashing.concurrency)),
            random,
            nobodys: Arc::new(LazyLock::new(nobodys)),
        }
    }

    /// Hashes a password with a new salt.
    pub(crate) async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let (params, password, salt) = (self.params.clone(), password.clone(), self.random.bytes::<16>());
        self.run(move || hash(params, password.bytes(), &salt)).await?.map(PasswordHash)
    }

    /// Compares. Takes the same time without a hash to compare with.
    pub(crate) async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<Verdict> {
        let (params, password, hash) = (self.params.clone(), password.clone(), hash.cloned());
        let nobodys = Arc::clone(&self.nobodys);
        self.run(move || {
            let (text, is_somebodys) = match &hash {
                Some(hash) => (&hash.0, true),
                None => (&**nobodys, false),
            };
            let kept = phc::PasswordHash::new(text).map_err(|error| decode(&error))?;
            // The settings are the hash's own.
            let matches = Argon2::default().verify_password(password.bytes(), &kept).is_ok();
            Ok(match (matches && is_somebodys, Params::try_from(&kept)) {
                (false, _) => Verdict::Wrong,
                (true, Ok(made_with)) if is_as_good(&made_with, &params) => Verdict::Right,
                (true, _) => Verdict::RightWithOldHash,
            })
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Unreachable)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held to the end of the work, even when nobody waits for it any more.
            let _permit = permit;
            work()
        });
        done.await.map_err(|error| Error::Store(sqlx::Error::Protocol(error.to_string())))
    }
}

fn is_as_good(made_with: &Params, wanted: &Params) -> bool {
    (made_with.m_cost(), made_with.t_cost()) == (wanted.m_cost(), wanted.t_cost())
}

fn hash(params: Params, password: &[u8], salt: &[u8; 16]) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password, salt).map_err(|error| decode(&error))?;
    Ok(hash.to_string())
}

fn decode(error: &impl fmt::Display) -> Error {
    Error::Store(sqlx::Error::Decode(format!("a password hash: {error}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_passes(passes: u32) -> Passwords {
        Passwords::new(PasswordHashing { memory: 19_456, passes, concurrency: 2 }, Random::system())
    }

    // proves AUT-1
    #[tokio::test]
    async fn a_password_is_compared_to_the_byte() {
        let passwords = with_passes(2);
        let hash = passwords.hash(&Password::new(" Zebra\0stripes".into())).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        let again = passwords.hash(&Password::new(" Zebra\0stripes".into())).await.unwrap();
        assert_ne!(hash.0, again.0, "a salt of its own");
        let verify =
            async |text: &str| passwords.verify(&Password::new(text.into()), Some(&hash)).await.unwrap();
        assert_eq!(verify(" Zebra\0stripes").await, Verdict::Right);
        for other in ["Zebra\0stripes", " zebra\0stripes", " Zebra", " Zebra\0stripes ", ""] {
            assert_eq!(verify(other).await, Verdict::Wrong, "{other:?}");
        }
    }

    // proves AUT-1, AUT-7
    #[tokio::test]
    async fn a_hash_of_other_settings_is_told_and_nobodys_is_always_wrong() {
        let password = Password::new("zebra stripes".into());
        let old = with_passes(2).hash(&password).await.unwrap();
        let new = with_passes(3);
        assert_eq!(new.verify(&password, Some(&old)).await.unwrap(), Verdict::RightWithOldHash);
        assert_eq!(new.verify(&password, None).await.unwrap(), Verdict::Wrong);
    }
}
