//! Strict validation of many policies.
//!
//! Cedar checks every policy for every kind of question that the schema allows. Most policies can match few of them, and
//! for the others their scope is false whatever their conditions say. Each is checked for those that it can match: with
//! the same schema, whose actions apply to nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use cedar_policy::{Policy, PolicySet, Schema, ValidationMode, ValidationResult, Validator};
use cedar_policy_core::ast::{EntityType, EntityUID};
use cedar_policy_core::validator::{ValidatorActionId, ValidatorSchema};

use crate::LEVEL;
use crate::kinds::{KindSet, Kinds};
use crate::scope::Scopes;
use crate::stack;

/// Policies that are validated in one go.
const PIECE: usize = 256;

/// Validates policies, those that can match the same kinds of questions together.
///
/// # Errors
/// If there was no thread to do it on.
pub(crate) fn validate(
    schema: &Schema,
    scopes: &mut Scopes<'_>,
    set: &PolicySet,
) -> Result<Vec<ValidationResult>, String> {
    let mut groups: BTreeMap<usize, Vec<&Policy>> = BTreeMap::new();
    for policy in set.policies() {
        groups.entry(scopes.of(policy)).or_default().push(policy);
    }
    let pieces = groups.iter().flat_map(|(number, group)| group.chunks(PIECE).map(|piece| (*number, piece)));
    let level = LEVEL.try_into().unwrap_or(u32::MAX);
    stack::on_large_ones(pieces.collect(), |(number, policies)| {
        let schema = narrowed(schema, scopes.kinds, &scopes.sets[number]);
        // What was in one set can be in another.
        let policies = PolicySet::from_policies(policies.iter().map(|policy| (*policy).clone()));
        let policies = policies.unwrap_or_else(|_| set.clone());
        Validator::new(schema).validate_with_level(&policies, ValidationMode::Strict, level)
    })
}

/// The schema, with actions that apply to no other kinds of questions.
fn narrowed(schema: &Schema, kinds: &Kinds, set: &KindSet) -> Schema {
    // That a policy can match nothing is said in words of the whole schema.
    if *set == KindSet::default() {
        return schema.clone();
    }
    let whole: &ValidatorSchema = schema.as_ref();
    let mut types: HashMap<&EntityUID, (HashSet<EntityType>, HashSet<EntityType>)> = HashMap::new();
    for kind in kinds.members(set) {
        let (principals, resources) = types.entry(kind.action.uid()).or_default();
        principals.insert(EntityType::clone(kind.principal.as_ref()));
        resources.insert(EntityType::clone(kind.resource.as_ref()));
    }
    let actions = whole.action_ids().map(|action| {
        let Some(context) = action.context_type() else { return action.clone() };
        let (principals, resources) = types.remove(action.name()).unwrap_or_default();
        ValidatorActionId::new_defined(
            action.name().clone(),
            principals,
            resources,
            action.descendants().cloned(),
            context.clone(),
            action.loc().cloned(),
        )
    });
    ValidatorSchema::new(whole.entity_types().cloned(), actions).into()
}
