//! What is counted of jobs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The job is done.
    Done,
    /// It will be tried again.
    Failed,
    /// It is with the dead letters.
    Dead,
    /// It waits until it may be done.
    Postponed,
    /// The process stops.
    HandedBack,
    /// Somebody else has it, or it was cancelled, or an equal one waits.
    Lost,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Postponed => "postponed",
            Self::HandedBack => "handed_back",
            Self::Lost => "lost",
        }
    }
}

/// How the attempts of a worker have ended so far.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<Outcome, u64>>);

impl Counts {
    pub(crate) fn count(&self, kind: &'static str, outcome: Outcome, took: Duration, waited: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
        metrics::counter!("doorward_job_attempts_total", "kind" => kind, "outcome" => outcome.as_str())
            .increment(1);
        metrics::histogram!("doorward_job_seconds", "kind" => kind).record(took);
        metrics::histogram!("doorward_job_wait_seconds", "kind" => kind).record(waited);
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// How the attempts of a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Outcome, u64>);

impl Tally {
    fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or(0)
    }

    /// Jobs that are with the dead letters now.
    #[must_use]
    pub fn dead(&self) -> u64 {
        self.of(Outcome::Dead)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = self.of(Outcome::Failed) + self.of(Outcome::Postponed) + self.of(Outcome::HandedBack);
        write!(f, "{} done, {later} to be tried later, {} dead", self.of(Outcome::Done), self.dead())
    }
}
