//! What a mail server does wrong.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the server is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// It works.
    #[default]
    Up,
    /// It answers 421 and closes, also in the middle of a mail.
    Busy,
    /// It closes every connection without a word.
    Down,
    /// It takes connections and says nothing more.
    Silent,
}

/// What to break, for all connections. Changes count from the next command on.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Set>,
}

#[derive(Debug, Default)]
struct Set {
    state: State,
    lose_next: usize,
    lose_per_mille: u64,
    seed: u64,
    recipients: HashMap<String, String>,
    greeting: Option<String>,
    sender: Option<String>,
    content: Option<String>,
}

impl Faults {
    /// Sets how the server is.
    pub fn set_state(&self, state: State) {
        self.set().state = state;
    }

    /// Takes the next mails, and loses the connection before it says so.
    pub fn lose_replies(&self, next: usize) {
        self.set().lose_next = next;
    }

    /// Does that to so many of 1000 mails from now on, chosen by the seed; 0 ends it.
    pub fn lose_some_replies(&self, per_mille: u64, seed: u64) {
        let mut set = self.set();
        (set.lose_per_mille, set.seed) = (per_mille, seed);
    }

    /// Answers this recipient with `reply`, such as `550 5.1.1 no such user`.
    pub fn answer_recipient(&self, address: &str, reply: &str) {
        self.set().recipients.insert(address.to_owned(), reply.to_owned());
    }

    /// Greets with `reply`, such as `554 5.3.2 go away`, and closes.
    pub fn greet_with(&self, reply: &str) {
        self.set().greeting = Some(reply.to_owned());
    }

    /// Answers `MAIL FROM` with `reply`.
    pub fn answer_sender(&self, reply: &str) {
        self.set().sender = Some(reply.to_owned());
    }

    /// Answers each mail with `reply` when it is there, and does not keep it.
    pub fn answer_mail(&self, reply: &str) {
        self.set().content = Some(reply.to_owned());
    }

    /// Mends everything.
    pub fn mend(&self) {
        *self.set() = Set::default();
    }

    pub(super) fn state(&self) -> State {
        self.set().state
    }

    pub(super) fn greeting(&self) -> Option<String> {
        self.set().greeting.clone()
    }

    pub(super) fn sender(&self) -> Option<String> {
        self.set().sender.clone()
    }

    pub(super) fn recipient(&self, address: &str) -> Option<String> {
        self.set().recipients.get(address).cloned()
    }

    pub(super) fn content(&self) -> Option<String> {
        self.set().content.clone()
    }

    /// Whether the reply to this mail is lost.
    pub(super) fn loses(&self) -> bool {
        let mut set = self.set();
        if set.lose_next > 0 {
            set.lose_next -= 1;
            return true;
        }
        set.lose_per_mille > 0 && set.draw() % 1000 < set.lose_per_mille
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Set {
    /// SplitMix64: the same faults for the same seed.
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_loses_the_same_replies_and_about_as_many_as_asked() {
        let lost = |seed| {
            let faults = Faults::default();
            faults.lose_some_replies(250, seed);
            (0..1000).map(|_| faults.loses()).collect::<Vec<_>>()
        };
        assert_eq!(lost(7), lost(7));
        assert_ne!(lost(7), lost(8));
        let count = lost(7).iter().filter(|lost| **lost).count();
        assert!((200..300).contains(&count), "{count}");
    }
}
