//! The decision log: what was asked and what was answered, for operators and security teams.
//!
//! A request hands its entry over and goes on ([`DecisionLog::record`]); a task of its own formats, masks and writes
//! ([`DecisionLog::start`]). What cannot be written is kept up to a bound and dropped, counted, beyond it: the log never
//! holds up a decision.

mod buffer;
mod entry;
mod logged;
mod masking;
mod metric;
mod query;
mod row;
mod sampling;
mod settings;
mod store;
mod task;
mod writer;

use std::sync::Arc;

use authz::Outcome;

use self::buffer::Buffer;
use self::masking::Mask;
use self::metric::Counters;
use self::sampling::Sampling;
use crate::id::DecisionId;

pub(crate) use self::entry::{Entry, Occasion};
pub use self::logged::{Logged, LoggedReason};
pub use self::query::{Cursor, CursorPage, Filter, get, list, locate};
pub use self::settings::Settings;
pub use self::task::{LogTask, Unwritten};
pub use self::writer::Writer;

/// Where decisions go to be logged. Cheap to clone; clones are one log.
#[derive(Debug, Clone)]
pub struct DecisionLog(Option<Arc<Shared>>);

/// What those who record and the one who writes have in common.
#[derive(Debug)]
struct Shared {
    sampling: Sampling,
    mask: Mask,
    buffer: Buffer,
    counters: Counters,
    settings: Settings,
}

impl DecisionLog {
    /// A log that keeps nothing.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// A log as the settings say. Nothing is written before [`DecisionLog::start`]. The recorder of metrics has to be
    /// there already.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        if !settings.sinks.is_on() {
            return Self::off();
        }
        Self(Some(Arc::new(Shared {
            sampling: Sampling::new(&settings.sample),
            mask: Mask::new(&settings.mask),
            buffer: Buffer::new(settings.entries, settings.bytes),
            counters: Counters::default(),
            settings,
        })))
    }

    /// Whether anything is logged at all.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the table `decisions` gets every decision: they go there, and the rules leave none out.
    pub(crate) fn stores_all(&self) -> bool {
        let settings = self.0.as_ref().map(|shared| &shared.settings);
        settings.is_some_and(|settings| {
            settings.sinks.postgres && settings.sample.iter().all(|rule| rule.rate >= 1.0)
        })
    }

    /// Whether a decision is to be logged: every denial, and of the allows those that the rules choose.
    pub(crate) fn wants(&self, id: DecisionId, outcome: Outcome, action: &str) -> bool {
        let Some(shared) = &self.0 else { return false };
        let wanted = outcome == Outcome::Deny || shared.sampling.chooses(id, action);
        if !wanted {
            shared.counters.sampled_out();
        }
        wanted
    }

    /// Takes an entry, or drops and counts it if there is no room. Never waits.
    pub(crate) fn record(&self, entry: Entry) {
        let Some(shared) = &self.0 else { return };
        if !shared.buffer.push(entry) {
            shared.counters.dropped(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use runtime::Sinks;

    use super::*;

    #[test]
    fn decisions_that_the_log_leaves_out_are_not_guessed() {
        // proves ACC-12
        let stores_all = |sinks: &str, rules: &str| {
            let sinks: Sinks = sinks.parse().unwrap();
            let sample = rules.split(',').map(|rule| rule.parse().unwrap()).collect();
            let retention = TimeDelta::days(1);
            let settings = Settings { sinks, sample, mask: vec![], retention, entries: 1, bytes: 1 };
            DecisionLog::new(settings).stores_all()
        };
        assert!(stores_all("postgres", "*=1"));
        assert!(stores_all("postgres,stdout", "Docs::*=1,*=1"));
        assert!(!stores_all("postgres", "*=0.5"));
        assert!(!stores_all("postgres", "Docs::read=0.1,*=1"));
        assert!(!stores_all("stdout", "*=1"));
        assert!(!stores_all("off", "*=1"));
    }
}
