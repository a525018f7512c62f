//! A point in the history of the store.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// On an answer: all transactions numbered below it were over, and what they committed was seen. On a write: the
/// number of its own transaction. So an answer whose revision is greater than a write's has seen that write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Revision {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// As text: 64 bits do not fit into a number of JSON.
impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
