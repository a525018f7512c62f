//! A bucket that is only a number: for measuring those who read it, not the one who holds it.

/// So many objects under any prefix that begins as it should, each named by its number in twelve digits.
#[derive(Debug)]
pub(super) struct Simulated {
    within: String,
    all: u64,
    /// Those before this one are gone.
    gone: u64,
}

impl Simulated {
    pub(super) fn new(within: &str, all: u64) -> Self {
        Self { within: within.to_owned(), all, gone: 0 }
    }

    pub(super) fn left(&self) -> u64 {
        self.all - self.gone
    }

    /// Up to so many names behind this one, and whether more follow.
    pub(super) fn page(&self, prefix: &str, behind: Option<&str>, most: usize) -> (Vec<String>, bool) {
        if !prefix.starts_with(&self.within) {
            return (vec![], false);
        }
        let first = behind.and_then(number).map_or(self.gone, |last| self.gone.max(last + 1));
        let last = self.all.min(first.saturating_add(most as u64));
        let names = (first..last).map(|number| format!("{prefix}{number:012}")).collect();
        (names, last < self.all)
    }

    pub(super) fn delete(&mut self, key: &str) {
        if key.starts_with(&self.within)
            && let Some(number) = number(key)
        {
            self.gone = self.gone.max(number + 1).min(self.all);
        }
    }
}

fn number(key: &str) -> Option<u64> {
    key.get(key.len().checked_sub(12)?..)?.parse().ok()
}
