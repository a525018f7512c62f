//! Purges: the erasure of an account, an organization or a workspace with all that it owns, from the request to the receipt.

mod block;
mod cancel;
mod connection;
mod exception;
mod intent;
mod list;
mod look;
mod mail;
mod obstacle;
mod plan;
mod receipt;
mod recipient;
mod request;
mod rows;
mod step;
mod sweep;
mod token;
mod verify;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{ConnectionId, OrgId, PurgeId, UserId};
use crate::words::words;

pub use cancel::{cancel, cancel_mine};
pub use connection::{NoWay, PurgeConnection, connections, open_connection};
pub use exception::{give_up, give_up_one, is_given_up, try_again};
pub use intent::{Intent, PurgeStore, erased, intend, intended, withdraw};
pub use list::{PurgeFilter, get, list, mine, one_of_mine};
pub use look::look;
pub use mail::{PurgeMail, served, to_be_mailed};
pub use obstacle::{NamedOrg, Obstacle, ObstacleKind};
pub use plan::{DeletionPlan, plan_account, plan_org, plan_workspace};
pub use receipt::write as write_receipt;
pub use recipient::PurgeRecipient;
pub use request::{Asked, delete_account, delete_org, delete_workspace, erase_account};
pub use rows::{erase, erase_connections};
pub use step::{Begun, PurgeRun, PurgeTarget, advance, begin};
pub use sweep::sweep;
pub use token::PurgeToken;
pub use verify::verify;

words! {
    /// What is erased.
    PurgeSubject {
        /// An account with all that its owner owns.
        User = "user",
        /// An organization with all that is in it.
        Organization = "organization",
        /// A workspace of an organization.
        Workspace = "workspace",
    }
}

words! {
    /// How far a purge is.
    PurgeState {
        /// It can still be called off.
        Waiting = "waiting",
        /// It runs, and is not called off any more.
        Running = "running",
        /// Nothing is left, but for what the receipt names.
        Done = "done",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

words! {
    /// The steps of a purge, in their order.
    PurgeStep {
        /// Objects in stores of others, while there are credentials for them.
        Remote = "remote",
        /// The connections, with their credentials.
        Connections = "connections",
        /// Objects in the store of the installation.
        Objects = "objects",
        /// What the database holds.
        Rows = "rows",
        /// A search for what is left.
        Verify = "verify",
        /// The receipt.
        Receipt = "receipt",
    }
}

/// How many, by class: names of tables for what the database held; `objects`, `versions` (delete markers among them) and
/// `uploads` for what stores held.
pub type Counts = BTreeMap<String, i64>;

/// How purges go.
#[derive(Debug, Clone, Copy)]
pub struct DeletionSettings {
    /// How long a purge waits, and can be called off.
    pub grace: TimeDelta,
    /// How long it tries to reach stores that do not answer, from the end of that time on.
    pub deadline: TimeDelta,
}

impl Default for DeletionSettings {
    fn default() -> Self {
        Self { grace: TimeDelta::zero(), deadline: TimeDelta::days(7) }
    }
}

/// A purge, as whoever asked for it and administrators see it. It names no person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Purge {
    /// Its id, the number of its receipt.
    pub id: PurgeId,
    /// What is erased.
    pub subject: PurgeSubject,
    /// The id that it has, or had.
    #[schema(value_type = uuid::Uuid)]
    pub subject_id: uuid::Uuid,
    /// The organization that is erased, or that the workspace is in.
    pub org_id: Option<OrgId>,
    /// Who asked; nobody once they are gone.
    pub requested_by: Option<UserId>,
    /// How far it is.
    pub state: PurgeState,
    /// The step that it is at.
    pub step: PurgeStep,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// From when on it runs: until then it can be called off.
    pub due_at: DateTime<Utc>,
    /// From when on it goes on without what cannot be reached.
    pub deadline_at: DateTime<Utc>,
    /// When it began to run.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done, or called off.
    pub finished_at: Option<DateTime<Utc>>,
    /// The steps that have begun, in their order.
    pub steps: Vec<PurgeProgress>,
    /// The receipt, once it is done.
    pub receipt: Option<PurgeReceipt>,
}

/// A step of a purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgeProgress {
    /// Which.
    pub step: PurgeStep,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was done.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it has erased so far.
    pub counts: Counts,
}

/// What a purge has done, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgeReceipt {
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it began to run.
    pub started_at: DateTime<Utc>,
    /// When all was done.
    pub finished_at: DateTime<Utc>,
    /// What was erased, over all steps.
    pub counts: Counts,
    /// What could not be reached or erased; empty if all went well.
    pub exceptions: Vec<PurgeException>,
    /// What the search for leftovers found.
    pub verification: PurgeVerification,
}

/// What could not be reached or erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgeException {
    /// In which step.
    pub step: PurgeStep,
    /// By which connection; none for the store of the installation.
    pub connection_id: Option<ConnectionId>,
    /// The key of the object; none where a whole store is out of reach.
    pub key: Option<String>,
    /// Why not.
    pub error: String,
    /// When it was tried for the last time.
    pub at: DateTime<Utc>,
}

/// What the search for leftovers found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgeVerification {
    /// When everything was looked at for the last time.
    pub verified_at: DateTime<Utc>,
    /// Objects that came late and were erased then.
    pub stragglers: i64,
    /// Objects that are left in stores that answer.
    pub objects_left: i64,
    /// Rows that are left.
    pub rows_left: i64,
}
