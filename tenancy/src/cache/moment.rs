//! When something was read.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use runtime::Clock;

/// When the store was read, by two clocks: one that only goes forward, and the wall's, which also counts the time that a
/// machine slept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    instant: Instant,
    wall: DateTime<Utc>,
}

impl Moment {
    pub(crate) fn now(clock: &Clock) -> Self {
        Self { instant: Instant::now(), wall: clock.now() }
    }

    /// The time since. A wall clock that was set back does not make it shorter.
    pub(crate) fn age(self, clock: &Clock) -> Duration {
        let by_wall = (clock.now() - self.wall).to_std().unwrap_or_default();
        self.instant.elapsed().max(by_wall)
    }
}
