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
        match error {
            // What the store says is for those who read the log, and not for those who see the job.
            tenancy::Error::Store(error) => {
                tracing::warn!(%error, "the store failed");
                Self::Failed("the store failed".to_owned())
            }
            other => Self::Failed(other.to_string()),
        }
    }
}
