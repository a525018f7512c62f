//! Passwords: what may be one, and how they are kept.

mod hashing;

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

pub use hashing::PasswordHashing;
pub(crate) use hashing::{Passwords, Verdict};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::tx::Tx;

/// Passwords that many people use, those that are long enough, in lower case: a selection by Royce Williams that
/// Django ships (BSD licence), <https://gist.github.com/roycewilliams/226886fd01572964e1431ac8afc999ce>.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("password/common.txt").lines().collect());

/// A part of the address that is shorter says nothing.
const TELLING: usize = 3;

/// A password as somebody typed it. Nothing about it is altered, ever.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Fewest characters.
    pub const MIN: usize = 8;
    /// Most characters: more would let anybody keep the processor busy.
    pub const MAX: usize = 256;

    /// What was typed, whatever it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }

    /// Whether it may be somebody's from now on (NIST SP 800-63B, section 5.1.1.2): the length, no common one, none that
    /// the address gives away. Nothing is asked of its composition.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field that it came in.
    pub(crate) fn check(&self, field: &str, address: &Address) -> Result<()> {
        let text = self.0.expose_secret();
        let count = text.chars().count();
        if !(Self::MIN..=Self::MAX).contains(&count) {
            let (min, max) = (Self::MIN, Self::MAX);
            return Err(Error::invalid(field, format!("{min} to {max} characters")));
        }
        let lower = text.to_lowercase();
        if COMMON.contains(lower.as_str()) {
            return Err(Error::invalid(field, "one of the passwords that are tried first; choose another"));
        }
        let local = address.local().to_lowercase();
        if (local.chars().count() >= TELLING && lower.contains(&local)) || lower.contains("doorward") {
            let message = "contains a part of the e-mail address or the name of the product; choose another";
            return Err(Error::invalid(field, message));
        }
        Ok(())
    }

    /// Whether it may be the password of somebody who belongs to organizations of these names.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field that it came in.
    pub(crate) fn check_names(&self, field: &str, organizations: &[String]) -> Result<()> {
        let lower = self.0.expose_secret().to_lowercase();
        let gives_away = |name: &String| {
            let name = name.trim().to_lowercase();
            name.chars().count() >= TELLING && lower.contains(&name)
        };
        if organizations.iter().any(gives_away) {
            return Err(Error::invalid(
                field,
                "contains the name of an organization of yours; choose another",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A password as it is kept: an argon2id hash as a PHC string.
#[derive(Clone)]
pub(crate) struct PasswordHash(String);

impl PasswordHash {
    /// Keeps it as the user's.
    pub(crate) async fn store(&self, tx: &mut Tx, user: UserId) -> Result<()> {
        let now = tx.now();
        sqlx::query!(
            "insert into passwords (user_id, hash, changed_at) values ($1, $2, $3)
             on conflict (user_id) do update set hash = $2, changed_at = $3",
            user.0,
            self.0,
            now,
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }

    /// Keeps it in the place of the same password's older hash; not if the password was changed meanwhile.
    pub(crate) async fn renew(&self, tx: &mut Tx, user: UserId, old: &Self) -> Result<()> {
        sqlx::query!(
            "update passwords set hash = $2 where user_id = $1 and hash = $3",
            user.0,
            self.0,
            old.0
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }

    /// Whether it is still what is kept of the user's, whom this locks until the transaction ends: whoever changes the
    /// password at the same time waits, or has won.
    pub(crate) async fn is_current(&self, tx: &mut Tx, user: UserId) -> Result<bool> {
        let current = sqlx::query_scalar!("select hash from passwords where user_id = $1 for update", user.0)
            .fetch_optional(tx.connection())
            .await?;
        Ok(current.is_some_and(|current| current == self.0))
    }

    /// What is kept of a user's password; none if they have none.
    pub(crate) async fn of(tx: &mut Tx, user: UserId) -> Result<Option<Self>> {
        let hash = sqlx::query_scalar!("select hash from passwords where user_id = $1", user.0)
            .fetch_optional(tx.connection())
            .await?;
        Ok(hash.map(Self))
    }

    pub(crate) fn from_store(hash: String) -> Self {
        Self(hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        Password::new(text.into()).check("password", &"olga.k@example.com".parse().unwrap()).is_err()
    }

    // proves AUT-1
    #[test]
    fn eight_characters_of_any_kind_are_a_password_and_257_are_none() {
        for good in [
            "zebra stripes",
            "ÅÄÖåäöéè",
            "🦓🦓🦓🦓🦓🦓🦓🦓",
            "        ",
            " lead and trail ",
            "nul\0inside",
            "ABCDEFGHJK",
        ] {
            assert!(!refused(good), "{good:?}");
        }
        assert!(!refused(&"x y".repeat(85)) && !refused(&format!("{}z", "x y".repeat(85))));
        for bad in ["", "seven 7", "🦓🦓🦓🦓🦓🦓🦓", &"z".repeat(257)] {
            assert!(refused(bad), "{bad:?}");
        }
    }

    // proves AUT-1
    #[test]
    fn what_names_an_organization_is_refused_to_its_members() {
        let check =
            |text: &str, name: &str| Password::new(text.into()).check_names("password", &[name.into()]);
        assert!(check("we-are-ACME-2026", "Acme").is_err());
        assert!(check("we-are-acme-2026", "Globex").is_ok());
        assert!(check("a banana a day", "A").is_ok(), "too short to tell anything");
    }

    // proves AUT-1
    #[test]
    fn what_is_tried_first_is_refused_in_any_case() {
        assert!(COMMON.len() > 3000, "ASVS 6.2.4");
        for bad in ["password1", "PASSWORD1", "1q2w3e4r5t", "my olga.k password", "OLGA.K-2026", "Doorward!"]
        {
            assert!(refused(bad), "{bad:?}");
        }
        assert!(
            Password::new("a banana a day".into())
                .check("password", &"a@example.com".parse().unwrap())
                .is_ok()
        );
    }
}
