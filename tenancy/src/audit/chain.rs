//! What a chain holds, and how one entry holds on to the one before it.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What the chain holds.
pub(super) struct Entry {
    /// Microseconds since the epoch: as the store keeps them.
    pub(super) at: i64,
    pub(super) actor_type: String,
    pub(super) actor_id: String,
    pub(super) action: String,
    pub(super) target_type: String,
    pub(super) target_id: String,
    pub(super) request_id: String,
    pub(super) decision_id: Uuid,
    pub(super) details_hash: Vec<u8>,
}

impl Entry {
    pub(super) fn hash(&self, chain: Uuid, seq: i64, previous: &[u8]) -> Vec<u8> {
        digest(&[
            chain.as_bytes(),
            &seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            self.actor_type.as_bytes(),
            self.actor_id.as_bytes(),
            self.action.as_bytes(),
            self.target_type.as_bytes(),
            self.target_id.as_bytes(),
            self.request_id.as_bytes(),
            self.decision_id.as_bytes(),
            &self.details_hash,
            previous,
        ])
    }
}

/// The hash of details: salted, so that nobody finds out by trying what was forgotten.
pub(super) fn details_hash(salt: &[u8], details: &str) -> Vec<u8> {
    digest(&[salt, details.as_bytes()])
}

/// A hash over parts, each with its length, so that no two lists of parts run together into the same bytes.
fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}
