//! Why a job was not done.

use std::time::Duration;

/// Why a job was not done, and whether it is worth another try. The texts are shown to whoever may see the job: no
/// secrets in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may go better later.
    Failed(String),
    /// It cannot go better.
    Hopeless(String),
    /// It must not be done yet; not counted as an attempt.
    Postponed {
        /// What stands in the way.
        why: String,
        /// How long that lasts.
        after: Duration,
    },
}

impl From<tenancy::Error> for Failure {
    fn from(error: tenancy::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
