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
