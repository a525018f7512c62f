//! How old the facts of an answer may be.

use crate::revision::Revision;

/// What a caller wants to be sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consistency {
    /// Facts from the cache, never older than the bound that the operator set.
    #[default]
    Cached,
    /// Facts read from the store after the question came in.
    Fresh,
    /// Facts that have seen a write, or are no older than another answer.
    AtLeast(Revision),
}
