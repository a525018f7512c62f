//! How much may be spent in which time: the generic cell rate algorithm. What was spent is told by one moment, at which
//! all of it will be there again; each try moves it forward, and time catches up with it.

use std::time::Duration;

use runtime::config::Rate;

/// A budget, and how much of it one try takes. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// What one try takes.
    pub(super) cost: u64,
    /// How far ahead of now the moment may be.
    pub(super) window: u64,
}

impl Budget {
    /// So much as a rate says.
    pub(super) fn of(rate: Rate) -> Self {
        let count = u64::from(rate.count.get());
        let per = u64::try_from(rate.per.as_micros()).unwrap_or(u64::MAX);
        // Rounded up, and the window with it: at once exactly the count may go, whatever the division leaves over.
        let cost = per.div_ceil(count).max(1);
        Self { cost, window: cost.saturating_mul(count) }
    }

    /// The same, of which each try takes so many times as much; one may always go.
    pub(super) fn dearer(self, times: u64) -> Self {
        Self { cost: self.cost.saturating_mul(times).min(self.window), ..self }
    }

    /// Where the moment is after one more try.
    ///
    /// # Errors
    /// How long to wait until there is enough for one.
    pub(super) fn take(self, spent_until: u64, now: u64) -> Result<u64, Duration> {
        let (after, end) = (self.within(spent_until, now) + self.cost, now + self.window);
        if after <= end { Ok(after) } else { Err(Duration::from_micros(after - end)) }
    }

    /// Where the moment is after one try has been undone.
    pub(super) fn put_back(self, spent_until: u64, now: u64) -> u64 {
        self.within(spent_until, now).saturating_sub(self.cost).max(now)
    }

    /// A clock that was turned back must not keep anybody out for longer than the window.
    fn within(self, spent_until: u64, now: u64) -> u64 {
        spent_until.clamp(now, now + self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn budget(rate: &str) -> Budget {
        Budget::of(rate.parse().unwrap())
    }

    /// How many go at once, of more than any of these rates allows.
    fn at_once(budget: Budget, spent_until: &mut u64, now: u64) -> u32 {
        let mut went = 0;
        for _ in 0..10_000 {
            let Ok(after) = budget.take(*spent_until, now) else { break };
            *spent_until = after;
            went += 1;
        }
        went
    }

    // proves AUT-7
    #[test]
    fn as_many_as_the_rate_says_go_at_once_and_then_one_by_one() {
        let (budget, now, mut spent) = (budget("3/30s"), 1_000 * SECOND, 0);
        assert_eq!(at_once(budget, &mut spent, now), 3);
        assert_eq!(budget.take(spent, now), Err(Duration::from_secs(10)));
        assert_eq!(budget.take(spent, now + 10 * SECOND - 1), Err(Duration::from_micros(1)));
        assert_eq!(at_once(budget, &mut spent, now + 10 * SECOND), 1);
        assert_eq!(at_once(budget, &mut spent, now + 30 * SECOND), 2);
        assert_eq!(at_once(budget, &mut spent, now + 1_000 * SECOND), 3, "what is not spent does not add up");
    }

    // proves AUT-7
    #[test]
    fn the_count_is_exact_whatever_the_division_leaves_over() {
        for (rate, count) in
            [("7/1s", 7), ("1/15m", 1), ("30/15m", 30), ("1000/1ms", 1000), ("1500/1ms", 1500)]
        {
            let (budget, mut spent) = (budget(rate), 0);
            assert_eq!(at_once(budget, &mut spent, SECOND), count, "{rate}");
            let per = rate.parse::<Rate>().unwrap().per.as_micros();
            assert!(u128::from(budget.window) >= per, "{rate} comes back too soon");
        }
    }

    // proves AUT-7
    #[test]
    fn what_is_put_back_can_be_spent_again_and_never_more() {
        let (budget, now, mut spent) = (budget("3/30s"), 1_000 * SECOND, 0);
        assert_eq!(at_once(budget, &mut spent, now), 3);
        spent = budget.put_back(spent, now);
        assert_eq!(at_once(budget, &mut spent, now), 1);
        for _ in 0..10 {
            spent = budget.put_back(spent, now);
        }
        assert_eq!(at_once(budget, &mut spent, now), 3);
    }

    // proves AUT-7
    #[test]
    fn a_dearer_try_takes_more_and_one_always_goes() {
        for (rate, count) in [("10/15m", 3), ("3/15m", 1), ("2/15m", 1), ("1/15m", 1)] {
            assert_eq!(at_once(budget(rate).dearer(3), &mut 0, SECOND), count, "{rate}");
        }
    }

    // proves AUT-7
    #[test]
    fn a_clock_that_is_turned_back_keeps_nobody_out_for_longer_than_the_window() {
        let budget = budget("3/30s");
        let later = 100_000 * SECOND;
        assert_eq!(budget.take(later, SECOND), Err(Duration::from_secs(10)));
        assert_eq!(budget.put_back(later, SECOND), 21 * SECOND);
    }
}
