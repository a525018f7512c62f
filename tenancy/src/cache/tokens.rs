//! Whose the tokens are that were seen before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::id::ApiKeyId;

/// Most tokens that are remembered.
const MOST: usize = 10_000;

/// Keys by the hashes of their tokens, as long as no key changes.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Counts how often all were forgotten.
    epoch: u64,
    keys: HashMap<[u8; 32], (ApiKeyId, Option<DateTime<Utc>>)>,
    /// When the use of a key was noted last.
    used: HashMap<ApiKeyId, DateTime<Utc>>,
}

impl Tokens {
    /// The key and its expiry, if the token was seen before and no key has changed since.
    pub(crate) fn key(&self, hash: &[u8; 32]) -> Option<(ApiKeyId, Option<DateTime<Utc>>)> {
        self.known().keys.get(hash).copied()
    }

    /// To be taken before a token is looked up, and given back with what was found.
    pub(crate) fn epoch(&self) -> u64 {
        self.known().epoch
    }

    /// Remembers whose a token is, unless a key has changed since `epoch`.
    pub(crate) fn remember(
        &self,
        epoch: u64,
        hash: [u8; 32],
        id: ApiKeyId,
        expires_at: Option<DateTime<Utc>>,
    ) {
        let mut known = self.known();
        if known.epoch == epoch {
            if known.keys.len() >= MOST {
                known.keys.clear();
            }
            known.keys.insert(hash, (id, expires_at));
        }
    }

    pub(crate) fn forget(&self) {
        let mut known = self.known();
        known.epoch += 1;
        known.keys.clear();
    }

    /// Whether a key was not used yet within `every`; then it counts as used now.
    pub(crate) fn is_first_use(&self, id: ApiKeyId, now: DateTime<Utc>, every: TimeDelta) -> bool {
        let mut known = self.known();
        if known.used.get(&id).is_some_and(|used| (*used..*used + every).contains(&now)) {
            return false;
        }
        if known.used.len() >= MOST {
            known.used.clear();
        }
        known.used.insert(id, now);
        true
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
