use std::fmt;

use sha2::{Digest as _, Sha256};

/// Names what a limit counts for one key. A hash: keys hold addresses of people and of mailboxes, and are none of
/// Redis' business.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cell([u8; 32]);

impl Cell {
    pub(super) fn of(limit: &str, key: &str) -> Self {
        // Names of limits have no line feed in them, so that no two pairs run together.
        Self(Sha256::digest(format!("{limit}\n{key}")).into())
    }

    /// The key in Redis.
    pub(super) fn redis_key(self) -> String {
        format!("doorward:throttle:{self:?}")
    }
}

/// In hexadecimal digits.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
