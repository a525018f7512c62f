//! Cuts a policy set into slices.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use cedar_policy::Policy;
use cedar_policy_core::ast::{
    ActionConstraint, EntityReference, EntityType, EntityUID, PrincipalOrResourceConstraint as Constraint,
};

use super::{Anchored, Run, Slices};
use crate::kinds::{Kind, KindSet, Kinds};
use crate::named;
use crate::rule::Rule;
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

/// What the scope of a policy says about types and action: which kinds of questions it can match.
#[derive(PartialEq, Eq, Hash)]
struct Types {
    principal: Option<EntityType>,
    action: ActionConstraint,
    resource: Option<EntityType>,
}

impl Types {
    fn of(policy: &Policy) -> Self {
        let policy = policy.as_ref();
        Self {
            principal: entity_type(policy.principal_constraint().as_inner()),
            action: policy.action_constraint().clone(),
            resource: entity_type(policy.resource_constraint().as_inner()),
        }
    }

    fn allow(&self, kind: &Kind) -> bool {
        let fits =
            |wanted: &Option<EntityType>, given: &EntityType| wanted.as_ref().is_none_or(|it| it == given);
        let is_in = |group: &EntityUID| kind.action.uid() == group || kind.action.is_descendant_of(group);
        fits(&self.principal, kind.principal.as_ref())
            && fits(&self.resource, kind.resource.as_ref())
            && match &self.action {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(action) => kind.action.uid() == &**action,
                ActionConstraint::In(groups) => groups.iter().any(|group| is_in(group)),
            }
    }
}

/// The one type that a scope allows, if it names one. What lies `in` an entity can be of any.
fn entity_type(constraint: &Constraint) -> Option<EntityType> {
    match constraint {
        Constraint::Is(name) | Constraint::IsIn(name, _) => Some(EntityType::clone(name)),
        Constraint::Eq(EntityReference::EUID(uid)) => Some(uid.entity_type().clone()),
        Constraint::Eq(EntityReference::Slot(_)) | Constraint::Any | Constraint::In(_) => None,
    }
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
    /// Cuts policies for the kinds of questions of a schema.
    pub(crate) fn cut(kinds: &Kinds, policies: &[(&Policy, &Arc<PolicyInfo>)]) -> Self {
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

        let mut sets = Sets { kinds, sets: vec![], numbers: HashMap::new(), types: HashMap::new() };
        let mut rules: Vec<(Place, usize, Rule)> = policies
            .iter()
            .zip(&anchors)
            .map(|((policy, info), anchors)| {
                (place(anchors), sets.number(Types::of(policy)), Rule::new(policy, Arc::clone(info)))
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
            anywhere: share(kinds, &sets.sets, &anywhere),
            kind_sets: sets.sets,
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

/// Sets of kinds, each once.
struct Sets<'k> {
    kinds: &'k Kinds,
    sets: Vec<KindSet>,
    numbers: HashMap<KindSet, usize>,
    types: HashMap<Types, usize>,
}

impl Sets<'_> {
    fn number(&mut self, types: Types) -> usize {
        let entry = match self.types.entry(types) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(entry) => entry,
        };
        let set = self.kinds.select(|kind| entry.key().allow(kind));
        let number = *self.numbers.entry(set.clone()).or_insert(self.sets.len());
        if number == self.sets.len() {
            self.sets.push(set);
        }
        *entry.insert(number)
    }
}
