//! Cuts a policy set into slices.

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::Policy;
use cedar_policy_core::ast::{EntityReference, PrincipalOrResourceConstraint as Constraint};

use super::{Anchored, Run, Slices};
use crate::kinds::{KindSet, Kinds};
use crate::named;
use crate::rule::Rule;
use crate::scope::Scopes;
use crate::snapshot::PolicyInfo;

/// Where rules are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    /// In all questions of their kinds.
    Anywhere,
    /// At a principal or an ancestor of it, by its hash.
    Principal(u64),
    /// At a resource or an ancestor of it, by its hash.
    Resource(u64),
}

/// The hash of the entity that a scope names.
fn anchor(constraint: &Constraint) -> Option<u64> {
    match constraint {
        Constraint::Eq(EntityReference::EUID(uid))
        | Constraint::In(EntityReference::EUID(uid))
        | Constraint::IsIn(_, EntityReference::EUID(uid)) => Some(named::hash(uid)),
        _ => None,
    }
}

impl Slices {
    /// Cuts policies.
    pub(crate) fn cut(mut scopes: Scopes<'_>, policies: &[(&Policy, &Arc<PolicyInfo>)]) -> Self {
        let anchors: Vec<_> = policies
            .iter()
            .map(|(policy, _)| {
                let policy = policy.as_ref();
                let principal = anchor(policy.principal_constraint().as_inner()).map(Place::Principal);
                (principal, anchor(policy.resource_constraint().as_inner()).map(Place::Resource))
            })
            .collect();
        // Of two anchors the rarer one leaves out more.
        let mut used: HashMap<Place, usize> = HashMap::new();
        for place in anchors.iter().flat_map(|(principal, resource)| [principal, resource]).flatten() {
            *used.entry(*place).or_default() += 1;
        }
        let place = |anchors: &(Option<Place>, Option<Place>)| match anchors {
            (None, None) => Place::Anywhere,
            (Some(principal), Some(resource)) if used[principal] < used[resource] => *principal,
            (_, Some(resource)) => *resource,
            (Some(principal), None) => *principal,
        };

        let mut rules: Vec<(Place, usize, Rule)> = policies
            .iter()
            .zip(&anchors)
            .map(|((policy, info), anchors)| {
                (place(anchors), scopes.of(policy), Rule::new(policy, Arc::clone(info)))
            })
            .collect();
        rules.sort_by_key(|(place, set, _)| (*place, *set));

        let (mut anywhere, mut at_principal, mut at_resource) =
            (vec![], Anchored::default(), Anchored::default());
        let mut start = 0;
        for same in rules.chunk_by(|(place, set, _), (next, next_set, _)| (place, set) == (next, next_set)) {
            let run = Run { kinds: same[0].1, start, end: start + same.len() };
            start = run.end;
            match same[0].0 {
                Place::Anywhere => anywhere.push(run),
                Place::Principal(hash) => at_principal.entry(hash).or_default().push(run),
                Place::Resource(hash) => at_resource.entry(hash).or_default().push(run),
            }
        }
        Self {
            anywhere: share(scopes.kinds, &scopes.sets, &anywhere),
            kind_sets: scopes.sets,
            at_principal,
            at_resource,
            rules: rules.into_iter().map(|(_, _, rule)| rule).collect(),
        }
    }
}

/// For every kind the runs that belong to it; equal ones are one.
fn share(kinds: &Kinds, sets: &[KindSet], runs: &[Run]) -> Vec<Arc<[Run]>> {
    let mut known: HashMap<Vec<usize>, Arc<[Run]>> = HashMap::new();
    kinds
        .ids()
        .map(|kind| {
            let own: Vec<Run> = runs.iter().filter(|run| sets[run.kinds].contains(kind)).copied().collect();
            let key = own.iter().map(|run| run.kinds).collect();
            Arc::clone(known.entry(key).or_insert_with(|| own.into()))
        })
        .collect()
}
