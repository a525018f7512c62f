//! Which kinds of questions a policy can match.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use cedar_policy::Policy;
use cedar_policy_core::ast::{
    ActionConstraint, EntityReference, EntityType, EntityUID, PrincipalOrResourceConstraint as Constraint,
};

use crate::kinds::{Kind, KindSet, Kinds};

/// Sets of kinds that policies can match, each once.
pub(crate) struct Scopes<'k> {
    pub(crate) kinds: &'k Kinds,
    pub(crate) sets: Vec<KindSet>,
    numbers: HashMap<KindSet, usize>,
    types: HashMap<Types, usize>,
}

impl<'k> Scopes<'k> {
    pub(crate) fn new(kinds: &'k Kinds) -> Self {
        Self { kinds, sets: vec![], numbers: HashMap::new(), types: HashMap::new() }
    }

    /// The number of the set of kinds that a policy can match.
    pub(crate) fn of(&mut self, policy: &Policy) -> usize {
        let entry = match self.types.entry(Types::of(policy)) {
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

/// What a scope says about types and action.
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
