//! E-mail addresses of accounts, in their one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

/// An e-mail address that can be an account's (RFC 5321, without quoted and international local parts, so that no two
/// look the same). The domain is in its ASCII form and in lower case; the local part is as it was written, and compared
/// without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Email, example = "olga@example.com")]
pub struct Address(String);

/// A text that is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address that can be used here: name@example.com, in Latin letters before the @")]
pub struct NoAddress;

impl Address {
    /// Longest address, in characters (RFC 3696, erratum 1690).
    pub const MAX: usize = 254;

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address that nobody has (RFC 2606).
    pub(crate) fn nobodys(id: uuid::Uuid) -> Self {
        Self(format!("{id}@nobody.invalid"))
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// As it may be shown to who holds a link and may not be its owner: `o…@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        let first = local.chars().next().map(String::from).unwrap_or_default();
        format!("{first}…@{domain}")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(NoAddress)?;
        let atom = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        };
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(NoAddress);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NoAddress)?;
        let is_host = domain.contains('.') || domain == "localhost";
        let address = format!("{local}@{domain}");
        (is_host && address.len() <= Self::MAX).then_some(Self(address)).ok_or(NoAddress)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves ACC-1
    #[test]
    fn an_address_has_one_spelling() {
        for (text, spelling) in [
            ("olga@example.com", "olga@example.com"),
            (" Olga.K+x@EXAMPLE.com ", "Olga.K+x@example.com"),
            ("olga@exämple.com", "olga@xn--exmple-cua.com"),
            ("olga@ｅxample.com", "olga@example.com"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.0), Ok(spelling.to_owned()), "{text}");
        }
    }

    // proves ACC-1
    #[test]
    fn what_looks_like_another_address_or_writes_a_header_is_none() {
        for text in [
            "",
            "@",
            "olga",
            "olga@",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            ".a@example.com",
            "a..b@example.com",
            "оlga@example.com",
            "ｏlga@example.com",
            "a@example.com\r\nBcc: x@example.com",
            "a\0@example.com",
            "\"a\"@example.com",
            "<a@example.com>",
            "a@exa mple.com",
            "a@-example.com",
            "a@example..com",
            &format!("{}@example.com", "x".repeat(65)),
            &format!("a@{}.com", "x".repeat(64)),
        ] {
            assert_eq!(text.parse::<Address>(), Err(NoAddress), "{text:?}");
        }
    }
}
