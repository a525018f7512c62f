//! The time, as the product knows it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The digits of a second that Postgres keeps.
const MICROSECONDS: u16 = 6;

/// Tells the time. The only clock of the product: everything that depends on the time is given one of these, so that
/// a test can hold the time still.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

/// A clock that stands still until it is moved. For tests.
///
/// Clones, and every [`Clock`] taken from it, move together.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is moved.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> FixedClock {
        FixedClock(Arc::new(Mutex::new(at)))
    }

    /// The time now, in whole microseconds: what Postgres would give back after storing it.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everything else has to use")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            Source::System => Utc::now(),
            Source::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.trunc_subsecs(MICROSECONDS)
    }
}

impl FixedClock {
    /// A clock that shows this time, to hand to the code under test.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Source::Fixed(Arc::clone(&self.0)))
    }

    /// Moves the clock to `at`, forward or back.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Moves the clock forward; at most to the end of what it can represent.
    pub fn advance(&self, by: Duration) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = TimeDelta::from_std(by).ok().and_then(|by| at.checked_add_signed(by));
        *at = moved.unwrap_or(DateTime::<Utc>::MAX_UTC);
    }
}

impl From<FixedClock> for Clock {
    fn from(fixed: FixedClock) -> Self {
        fixed.clock()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let start = Utc.timestamp_opt(1_700_000_000, 123_456_789).unwrap();
        let fixed = Clock::fixed(start);
        let clock = fixed.clock();
        assert_eq!(clock.now(), clock.now());
        fixed.advance(Duration::from_secs(48 * 3600));
        assert_eq!((clock.now() - start).num_hours(), 47, "the part below a microsecond is cut off");
        fixed.set(start);
        assert_eq!(clock.now().timestamp(), start.timestamp());
        fixed.advance(Duration::MAX);
        assert_eq!(clock.now(), DateTime::<Utc>::MAX_UTC.trunc_subsecs(6));
    }

    #[test]
    fn the_time_survives_a_round_trip_through_postgres() {
        let fixed = Clock::fixed(Utc.timestamp_opt(1_700_000_000, 123_456_789).unwrap());
        assert_eq!(fixed.clock().now().timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1000, 0);
    }
}
