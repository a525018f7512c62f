//! Points in the history of the store.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// All transactions numbered below it were over, and what they committed was seen. A write's revision is one above its
/// own transaction: an answer whose revision is not smaller has seen the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The revision that has seen a transaction, by its number.
    pub(crate) fn after(transaction: u64) -> Self {
        Self(transaction.saturating_add(1))
    }
}

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

/// What a statement could see, as Postgres writes it (`pg_snapshot`): `xmin:xmax:list`. All transactions below `xmin`
/// were over, none from `xmax` on was, and of those between them the listed ones were not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    text: String,
    xmin: u64,
    xmax: u64,
}

impl Position {
    /// The revision that this position is sure to have seen.
    pub(crate) fn revision(&self) -> Revision {
        Revision(self.xmin)
    }

    /// Whether a revision that somebody holds can come from the past of this position. Everything that was committed
    /// before the position was taken is below `xmax`.
    pub(crate) fn may_know(&self, revision: Revision) -> bool {
        revision.0 <= self.xmax
    }

    /// Whether it saw everything below a number.
    pub(crate) fn is_past(&self, below: u64) -> bool {
        self.xmin >= below
    }

    /// Whether the store went back since: it was restored, or a standby without the last transactions took over.
    pub(crate) fn is_after(&self, later: &Self) -> bool {
        self.xmin > later.xmax
    }
}

impl FromStr for Position {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split(':');
        let mut next = || numbers.next().unwrap_or_default().parse();
        Ok(Self { xmin: next()?, xmax: next()?, text: text.to_owned() })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_as_postgres_writes_it() {
        let position: Position = "10:20:10,14,15".parse().expect("a snapshot");
        assert_eq!(position.to_string(), "10:20:10,14,15");
        assert_eq!(position.revision(), Revision(10));
        assert!(position.may_know(Revision(20)) && !position.may_know(Revision(21)));
        assert!(position.is_past(10) && !position.is_past(11));
        assert!("10".parse::<Position>().is_err());
    }

    #[test]
    fn a_store_that_went_back_is_noticed() {
        let (before, after): (Position, Position) =
            ("30:30:".parse().expect("one"), "12:20:12".parse().expect("two"));
        assert!(before.is_after(&after) && !after.is_after(&before) && !before.is_after(&before));
    }
}
