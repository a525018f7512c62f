//! The policy set, cut so that a question meets only policies that can match it.
//!
//! A policy belongs to the kinds of questions (principal's type, action, resource's type) that its scope allows, and
//! is anchored at the entity that its scope names, if it names one. The slice of a question are the policies of its
//! kind that are not anchored, or anchored at its principal, its resource or one of their ancestors. Slices only leave
//! out: what is in one is evaluated with its anchor.
//!
//! Policies that belong to equal sets of kinds are kept as one run, which every slice that holds it shares: memory
//! grows with the policies, not with the kinds that each belongs to.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::kinds::{KindId, KindSet};
use crate::rule::Rule;

mod cut;

/// Neighbouring rules of one place that belong to equal sets of kinds.
#[derive(Debug, Clone, Copy)]
struct Run {
    kinds: usize,
    start: usize,
    end: usize,
}

/// Runs by the hash of the entity that they are anchored at. Two entities of one hash share a place, which costs an
/// evaluation and changes no answer.
type Anchored = HashMap<u64, Vec<Run>, BuildHasherDefault<HashedBefore>>;

/// All slices.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    rules: Vec<Rule>,
    kind_sets: Vec<KindSet>,
    /// For every kind the runs of unanchored rules; shared by kinds that have the same.
    anywhere: Vec<Arc<[Run]>>,
    at_principal: Anchored,
    at_resource: Anchored,
}

impl Slices {
    /// The rules that can match a question, by the hashes of its principal and resource with all their ancestors.
    pub(crate) fn rules(
        &self,
        kind: KindId,
        principal: &[u64],
        resource: &[u64],
    ) -> impl Iterator<Item = &Rule> {
        let anywhere = self.anywhere.get(kind.index()).into_iter().flat_map(|runs| runs.iter());
        let at_principal = principal.iter().filter_map(|hash| self.at_principal.get(hash)).flatten();
        let at_resource = resource.iter().filter_map(|hash| self.at_resource.get(hash)).flatten();
        let anchored =
            at_principal.chain(at_resource).filter(move |run| self.kind_sets[run.kinds].contains(kind));
        anywhere.chain(anchored).flat_map(|run| &self.rules[run.start..run.end])
    }
}

/// Takes a hash for what it is.
#[derive(Default)]
struct HashedBefore(u64);

impl Hasher for HashedBefore {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
}
