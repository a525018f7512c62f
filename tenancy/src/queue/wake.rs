use serde::{Deserialize, Serialize};

use crate::id::JobId;

/// The hint that a job is due: all that travels to a worker. Whoever gets it asks the store what to do, and an outdated
/// or doubled hint finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wake {
    /// The job.
    pub job: JobId,
    /// How often it has been handed over, so that two hints for one job are told apart.
    pub epoch: i32,
}
