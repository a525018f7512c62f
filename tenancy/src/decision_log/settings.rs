//! What an operator can say about the log.

use chrono::TimeDelta;
use runtime::{Config, Pattern, SampleRule, Sinks};

/// How many entries wait at most: some seconds of a busy server.
const ENTRIES: usize = 50_000;

/// How many bytes the waiting entries take at most, as far as that can be estimated.
const BYTES: usize = 32 << 20;

/// How decisions are logged.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to.
    pub sinks: Sinks,
    /// Which part of the allows.
    pub sample: Vec<SampleRule>,
    /// Names whose values in the context are masked.
    pub mask: Vec<Pattern>,
    /// How long they are kept in Postgres.
    pub retention: TimeDelta,
    /// How many wait to be written at most.
    pub entries: usize,
    /// How many bytes these take at most.
    pub bytes: usize,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Self {
            sinks: config.decision_log,
            sample: config.decision_log_sample.clone(),
            mask: config.decision_log_mask.clone(),
            retention: TimeDelta::from_std(config.decision_log_retention).unwrap_or(TimeDelta::MAX),
            entries: ENTRIES,
            bytes: BYTES,
        }
    }
}
