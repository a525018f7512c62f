//! Entries on their way to the log: bounded, and cheap to add to.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::entry::Entry;

/// An entry with its size. The box keeps the queue small, so that growing it does not copy megabytes under the lock.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) entry: Box<Entry>,
    pub(super) bytes: usize,
}

/// Entries that are not written yet, those under way to the store included.
#[derive(Debug)]
pub(super) struct Buffer {
    entries: usize,
    bytes: usize,
    state: Mutex<State>,
    half_full: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Held>,
    /// Of all that are not written, waiting or taken.
    entries: usize,
    bytes: usize,
}

impl Buffer {
    /// For at most so many entries that take at most so many bytes.
    pub(super) fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes, state: Mutex::default(), half_full: Notify::new() }
    }

    /// Adds an entry; false if there is no room.
    pub(super) fn push(&self, entry: Entry) -> bool {
        let bytes = entry.size();
        let held = Held { entry: Box::new(entry), bytes };
        let mut state = self.state();
        if state.entries >= self.entries || state.bytes + bytes > self.bytes {
            return false;
        }
        let before = self.is_half_full(&state);
        state.entries += 1;
        state.bytes += bytes;
        state.waiting.push_back(held);
        let is_time = !before && self.is_half_full(&state);
        drop(state);
        if is_time {
            self.half_full.notify_one();
        }
        true
    }

    /// Takes everything that waits. It counts until it is released.
    pub(super) fn take(&self) -> VecDeque<Held> {
        mem::take(&mut self.state().waiting)
    }

    /// Makes room again for entries that were taken.
    pub(super) fn release<'h>(&self, entries: impl Iterator<Item = &'h Held>) {
        let (mut count, mut bytes) = (0, 0);
        for held in entries {
            count += 1;
            bytes += held.bytes;
        }
        let mut state = self.state();
        state.entries -= count;
        state.bytes -= bytes;
    }

    /// How many entries are not written.
    pub(super) fn len(&self) -> usize {
        self.state().entries
    }

    /// Waits until it becomes half full.
    pub(super) async fn half_full(&self) {
        self.half_full.notified().await;
    }

    fn is_half_full(&self, state: &State) -> bool {
        state.entries >= self.entries / 2 || state.bytes >= self.bytes / 2
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
