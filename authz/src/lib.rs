//! The policy engine: a folder of Cedar policies in, decisions out.
//!
//! Architecture invariant: this crate knows no SQL, no HTTP and no tenancy. It is given entities and
//! does not know where they come from. It is the only crate that depends on `cedar-policy`.

mod application;
mod closure;
mod code;
mod decide;
mod diagnostic;
mod entity;
mod every_question;
mod explain;
mod folder;
mod format;
mod kinds;
mod live;
mod load;
mod named;
mod nesting;
mod plan;
mod pose;
mod ready;
mod rule;
mod scope;
mod shelf;
mod slices;
mod snapshot;
mod source;
mod stack;
mod time;
mod types;
mod uid;
mod validate;

pub use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
pub use code::refusal_code;
pub use decide::{Decision, Outcome, Reason};
pub use diagnostic::{Diagnostic, Report, Severity};
pub use entity::OWN_ATTRIBUTES;
pub use explain::{Explanation, Failure, Opinion, Said};
pub use format::{Unformatted, unformatted};
pub use live::{Live, Status, Watch};
pub use plan::{Plan, Plans};
pub use pose::{Posed, Question};
pub use ready::Ready;
pub use snapshot::{Effect, FileInfo, PolicyInfo, Snapshot, action_name};
pub use time::{datetime, datetime_json};
pub use uid::core as core_uid;

/// How many entities deep a policy may look: `resource.workspace.org.admins` is three.
pub const LEVEL: usize = 3;
