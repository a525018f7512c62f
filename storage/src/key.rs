//! Names of objects.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How long a key may be, in bytes. S3 takes 1024, of which settings may use some for a prefix of their own.
const LONGEST: usize = 900;

/// The name of an object: segments of `A-Z a-z 0-9 . _ -` with `/` between them. No segment is empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// Where keys begin that belong together: as a [`Key`], with `/` at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The key as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Prefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let inner =
            text.strip_suffix('/').ok_or_else(|| Error::Invalid("a prefix ends with /".to_owned()))?;
        check(inner)?;
        Ok(Self(text.to_owned()))
    }

    /// The key of this name under the prefix. The name may have segments of its own.
    ///
    /// # Errors
    /// As [`Key::parse`].
    pub fn key(&self, name: &str) -> Result<Key, Error> {
        // The name alone must be one too, or an empty one would end in the prefix itself.
        check(name)?;
        Key::parse(&format!("{}{name}", self.0))
    }

    /// The prefix as it was read, with its `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says what is wrong with the path of an object.
fn check(text: &str) -> Result<(), Error> {
    let invalid = |what: &str| Err(Error::Invalid(what.to_owned()));
    if text.len() > LONGEST {
        return invalid("a key has at most 900 bytes");
    }
    for segment in text.split('/') {
        if matches!(segment, "" | "." | "..") {
            return invalid("no segment of a key is empty, . or ..");
        }
        if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return invalid("a key consists of letters, digits, . _ - and /");
        }
    }
    Ok(())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for Prefix {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}
