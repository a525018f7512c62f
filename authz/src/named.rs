//! Uids with their hashes, worked out once: comparing a hash costs nothing, hashing a name costs more than most else
//! in a decision.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use cedar_policy::EntityUid;
use cedar_policy_core::ast::{EntityUID, Literal, Value, ValueKind};

/// One for the process, so that hashes outlive a snapshot.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Equal for equal uids.
pub(crate) fn hash(uid: &impl AsRef<EntityUID>) -> u64 {
    HASHER.hash_one(uid.as_ref())
}

/// Uids in the order they were named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    uids: Box<[EntityUid]>,
    hashes: Box<[u64]>,
}

impl Named {
    pub(crate) fn uids(&self) -> &[EntityUid] {
        &self.uids
    }

    pub(crate) fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&EntityUid, u64)> {
        self.uids.iter().zip(self.hashes.iter().copied())
    }
}

impl FromIterator<EntityUid> for Named {
    fn from_iter<I: IntoIterator<Item = EntityUid>>(uids: I) -> Self {
        let uids: Box<[EntityUid]> = uids.into_iter().collect();
        let hashes = uids.iter().map(hash).collect();
        Self { uids, hashes }
    }
}

/// Every entity that a value names, at any depth.
pub(crate) fn references(value: &Value, found: &mut Vec<EntityUid>) {
    match value.value_kind() {
        ValueKind::Lit(Literal::EntityUID(uid)) => found.push(EntityUid::from(EntityUID::clone(uid))),
        ValueKind::Set(set) => set.iter().for_each(|item| references(item, found)),
        ValueKind::Record(record) => record.values().for_each(|item| references(item, found)),
        ValueKind::Lit(_) | ValueKind::ExtensionValue(_) => {}
    }
}
