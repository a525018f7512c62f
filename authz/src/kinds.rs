//! The kinds of questions that the schema allows: a principal's type, an action, a resource's type.

use std::collections::HashMap;
use std::iter::successors;
use std::sync::Arc;

use cedar_policy::{EntityTypeName, EntityUid, Schema};
use cedar_policy_core::ast::{Entity, RequestSchema};
use cedar_policy_core::extensions::Extensions;
use chrono::DateTime;

use crate::decide::Reason;
use crate::pose::bare_context;
use crate::snapshot::action_name;

/// Names a kind among those of one schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KindId(u32);

impl KindId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct KindSet(Vec<u64>);

impl KindSet {
    fn insert(&mut self, KindId(id): KindId) {
        let (word, bit) = (id as usize / 64, id % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    pub(crate) fn contains(&self, KindId(id): KindId) -> bool {
        self.0.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// The places of its kinds, in order.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let without_lowest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
            successors(Some(word).filter(|word| *word != 0), without_lowest)
                .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}

/// One kind.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) principal: EntityTypeName,
    /// With its groups.
    pub(crate) action: Arc<Entity>,
    pub(crate) resource: EntityTypeName,
}

/// An action with the types that it applies to: its kinds are each principal's with each resource's.
#[derive(Debug)]
struct Applies {
    principals: Vec<EntityTypeName>,
    resources: Vec<EntityTypeName>,
    first: u32,
    /// Whether nothing has to be said but what comes with every question.
    fits_bare: bool,
}

/// All kinds of a schema.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    all: Vec<Kind>,
    actions: HashMap<EntityUid, Applies>,
}

impl Kinds {
    pub(crate) fn of(schema: &Schema, actions: &[Arc<Entity>]) -> Self {
        let bare = bare_context(DateTime::UNIX_EPOCH);
        let mut kinds = Self::default();
        let mut actions: Vec<_> =
            actions.iter().map(|action| (EntityUid::from(action.uid().clone()), action)).collect();
        // Equal schemas number their kinds alike.
        actions.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (action, entity) in actions {
            let sorted = |names: Option<Vec<&EntityTypeName>>| {
                let mut names: Vec<_> = names.into_iter().flatten().cloned().collect();
                names.sort();
                names.dedup();
                names
            };
            let principals = sorted(schema.principals_for_action(&action).map(Iterator::collect));
            let resources = sorted(schema.resources_for_action(&action).map(Iterator::collect));
            let first = u32::try_from(kinds.all.len()).unwrap_or(u32::MAX);
            for principal in &principals {
                kinds.all.extend(resources.iter().map(|resource| Kind {
                    principal: principal.clone(),
                    action: Arc::clone(entity),
                    resource: resource.clone(),
                }));
            }
            let fits_bare = bare.as_ref().is_some_and(|bare| {
                let extensions = Extensions::all_available();
                schema.as_ref().validate_context(bare, action.as_ref(), extensions).is_ok()
            });
            kinds.actions.insert(action, Applies { principals, resources, first, fits_bare });
        }
        kinds
    }

    /// The kind of a question, and whether it may be asked without a word of context.
    ///
    /// # Errors
    /// The reason to deny, if the schema has no such kind.
    pub(crate) fn find(
        &self,
        principal: &EntityUid,
        action: &EntityUid,
        resource: &EntityUid,
    ) -> Result<(KindId, bool), Reason> {
        let (principal, resource) = (principal.type_name(), resource.type_name());
        let applies = self.actions.get(action).ok_or_else(|| Reason::UnknownAction(action_name(action)))?;
        let place = |names: &[EntityTypeName], wanted| names.iter().position(|name| name == wanted);
        match (place(&applies.principals, principal), place(&applies.resources, resource)) {
            (Some(row), Some(column)) => {
                let index = row * applies.resources.len() + column;
                Ok((KindId(applies.first + u32::try_from(index).unwrap_or(u32::MAX)), applies.fits_bare))
            }
            _ => Err(Reason::NotApplicable(format!(
                "action {} does not apply to principal {principal} and resource {resource}",
                action_name(action)
            ))),
        }
    }

    /// The kinds that something holds for.
    pub(crate) fn select(&self, holds: impl Fn(&Kind) -> bool) -> KindSet {
        let mut set = KindSet::default();
        for (id, _) in self.ids().zip(&self.all).filter(|(_, kind)| holds(kind)) {
            set.insert(id);
        }
        set
    }

    /// The kinds of a set.
    pub(crate) fn members(&self, set: &KindSet) -> impl Iterator<Item = &Kind> {
        set.places().filter_map(|place| self.all.get(place))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = KindId> {
        (0..self.all.len()).map(|index| KindId(u32::try_from(index).unwrap_or(u32::MAX)))
    }
}
