//! The audit log: who did what to what, in the same transaction, in chains that show every later change.

mod chain;
mod export;
mod filter;
mod query;
mod record;
mod recorded;
mod verify;

use serde_json::Value;
use uuid::Uuid;

use crate::action::{Action, Target as _, org, platform};
use crate::tx::Authorized;

pub use self::export::Export;
pub use self::filter::Filter;
pub use self::query::{Cursor, CursorPage, list};
pub use self::recorded::Recorded;
pub use self::verify::{Break, Head, Verification};

/// The chain of the platform; an organization's chain has the organization's id.
const PLATFORM: Uuid = Uuid::nil();

/// What a change did, for people to read: fields before and after, without secrets.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The fields before, or null where there was nothing.
    pub before: Value,
    /// The fields after, or null where nothing is left.
    pub after: Value,
}

/// The actions that read the log: of the platform's events, and of an organization's.
pub trait ReadsAudit: Action {}

impl ReadsAudit for platform::ViewAudit {}
impl ReadsAudit for org::ViewAudit {}

/// The one chain that a proof opens.
fn chain_of<A: ReadsAudit>(allowed: &Authorized<A>) -> Uuid {
    allowed.target().org().map_or(PLATFORM, |org| org.0)
}
