//! What is done once for each key that a client chose, however often it is sent.

use crate::error::{Error, Result};
use crate::text;

/// What was done for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once<T> {
    /// Now.
    Now(T),
    /// Before, and told again.
    Before(T),
}

impl<T> Once<T> {
    /// What was done, now or before.
    pub fn into_inner(self) -> T {
        match self {
            Self::Now(done) | Self::Before(done) => done,
        }
    }
}

/// Most characters of a key.
const KEY_MAX: usize = 100;

/// 1 to 100 characters, each of which is seen.
///
/// # Errors
/// [`Error::Invalid`] with the field `key`.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key.chars().any(char::is_whitespace) || text::check_line("key", key, KEY_MAX).is_err() {
        return Err(Error::invalid("key", format!("1 to {KEY_MAX} visible characters")));
    }
    Ok(())
}

/// The key was used for something else.
pub(crate) fn reused() -> Error {
    Error::conflict("key_reused", "this key was sent before, with something else")
}
