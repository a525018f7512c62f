//! What an S3 provider does wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the provider is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// It works.
    #[default]
    Up,
    /// It closes every connection without a word.
    Down,
    /// It takes requests and says nothing more.
    Silent,
}

/// What happens to a request instead of what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with this status, and a code of S3 that goes with it.
    Status(u16),
    /// It is answered with this status and these bytes.
    Answer(u16, String),
    /// It is sent elsewhere.
    Redirect(String),
    /// It is never answered.
    Hang,
    /// It is done, and the connection ends before the answer.
    Lost,
}

/// When a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name of the operation, such as `PutObject`; none is all of them.
    pub operation: Option<&'static str>,
    /// What the key begins with, or the prefix that is listed.
    pub prefix: String,
    /// What happens then.
    pub fault: Fault,
}

/// What to break, for all connections. Changes count from the next request on.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Set>,
}

#[derive(Debug, Default)]
struct Set {
    state: State,
    rules: Vec<Rule>,
    lose_every: u64,
    seen: u64,
    revoked: bool,
}

impl Faults {
    /// Sets how the provider is.
    pub fn set_state(&self, state: State) {
        self.set().state = state;
    }

    /// Adds a rule. The first that fits counts.
    pub fn add(&self, rule: Rule) {
        self.set().rules.push(rule);
    }

    /// This happens to all requests of this name.
    pub fn on(&self, operation: &'static str, fault: Fault) {
        self.add(Rule { operation: Some(operation), prefix: String::new(), fault });
    }

    /// What begins with this is denied with 403, in requests about many too.
    pub fn deny(&self, prefix: &str) {
        self.add(Rule { operation: None, prefix: prefix.to_owned(), fault: Fault::Status(403) });
    }

    /// Every nth request is done and its answer lost; 0 ends it.
    pub fn lose_every(&self, nth: u64) {
        let mut set = self.set();
        (set.lose_every, set.seen) = (nth, 0);
    }

    /// The key is not taken any more, in signatures of before either.
    pub fn revoke(&self) {
        self.set().revoked = true;
    }

    /// Mends everything.
    pub fn mend(&self) {
        *self.set() = Set::default();
    }

    pub(super) fn state(&self) -> State {
        self.set().state
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.set().revoked
    }

    /// What happens to a request about this key or prefix.
    pub(super) fn hit(&self, operation: &str, about: &str) -> Option<Fault> {
        let mut set = self.set();
        let fits = |rule: &&Rule| {
            rule.operation.is_none_or(|name| name == operation) && about.starts_with(&rule.prefix)
        };
        if let Some(rule) = set.rules.iter().find(fits) {
            return Some(rule.fault.clone());
        }
        set.seen += 1;
        (set.lose_every > 0 && set.seen.is_multiple_of(set.lose_every)).then_some(Fault::Lost)
    }

    /// The status with which this key is refused within a request about many.
    pub(super) fn refuses(&self, key: &str) -> Option<u16> {
        let set = self.set();
        let fits = |rule: &&Rule| {
            !rule.prefix.is_empty()
                && rule.operation.is_none_or(|name| name == "DeleteObject")
                && key.starts_with(&rule.prefix)
        };
        match set.rules.iter().find(fits)?.fault {
            Fault::Status(status) => Some(status),
            _ => None,
        }
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
