//! Budgets of this process alone.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use runtime::Clock;

use super::budget::Budget;
use super::cell::Cell;

/// What was spent, in memory: of the most cells that it holds, those that nobody has come back to go first, so that
/// inventing names does not push out the ones under attack.
pub(super) struct Process {
    spent_until: Mutex<Cache<Cell, u64>>,
    clock: Clock,
}

impl Process {
    /// Most cells that are kept; about 100 bytes each.
    pub(super) const CELLS: usize = 100_000;

    pub(super) fn new(cells: usize, clock: Clock) -> Self {
        Self { spent_until: Mutex::new(Cache::new(cells)), clock }
    }

    /// Takes one try out of a budget.
    ///
    /// # Errors
    /// How long to wait until there is enough for one.
    pub(super) fn take(&self, cell: Cell, budget: Budget) -> Result<(), Duration> {
        let mut cells = self.cells();
        let spent_until = cells.get(&cell).copied().unwrap_or_default();
        cells.insert(cell, budget.take(spent_until, self.now())?);
        Ok(())
    }

    /// Undoes one try.
    pub(super) fn put_back(&self, cell: Cell, budget: Budget) {
        let mut cells = self.cells();
        if let Some(spent_until) = cells.get(&cell).copied() {
            cells.insert(cell, budget.put_back(spent_until, self.now()));
        }
    }

    fn cells(&self) -> MutexGuard<'_, Cache<Cell, u64>> {
        self.spent_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().timestamp_micros()).unwrap_or_default()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves AUT-7: ASVS 2.4.1
    #[test]
    fn memory_is_bounded_and_who_comes_back_is_remembered() {
        let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().unwrap());
        let process = Process::new(100, clock.clock());
        let budget = Budget::of("3/1h".parse().unwrap());
        let victim = Cell::of("test", "victim");
        for _ in 0..3 {
            process.take(victim, budget).unwrap();
        }
        for number in 0..10_000 {
            assert!(process.take(Cell::of("test", &number.to_string()), budget).is_ok());
            if number % 10 == 0 {
                assert!(process.take(victim, budget).is_err(), "forgotten after {number}");
            }
        }
        assert!(process.cells().len() <= 100);
    }
}
