//! Exports: a person's data, packed for them.

mod ask;
mod class;
mod content;
mod file;
mod list;
mod pack;
mod readable;
mod trim;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use ask::ask;
pub use class::Class;
pub use file::{PackedFile, files, place};
pub use list::{Ready, get, list, to_be_mailed};
pub use pack::{Packed, begin, finish, is_kept, progress, rows};
pub use trim::{Expired, expired, fail_abandoned, forget, remove};

use crate::id::{ExportId, UserId};
use crate::words::words;

words! {
    /// How far an export is.
    ExportState {
        /// It is being packed, or waits for that.
        Pending = "pending",
        /// It can be fetched.
        Ready = "ready",
        /// It could not be packed.
        Failed = "failed",
        /// It was removed.
        Expired = "expired",
    }
}

/// An export, as whose data it is sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Export {
    /// The id.
    pub id: ExportId,
    /// How far it is.
    pub state: ExportState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Files packed so far.
    pub files_done: i64,
    /// Files to be packed; null until they are counted.
    pub files_total: Option<i64>,
    /// Files that could not be packed; `errors.json` in the archive says which, and why.
    pub files_failed: i64,
    /// When it was packed, or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// Until when it can be fetched.
    pub expires_at: Option<DateTime<Utc>>,
    /// The size of the archive, in bytes.
    pub size: Option<i64>,
}

/// The key of the archive in the installation's store.
#[must_use]
pub fn key(user: UserId, id: ExportId) -> String {
    format!("exports/{user}/{id}.zip")
}
