//! Is every entity there that the policies can reach?
//!
//! Cedar takes `in` on a missing entity for false, so that a forbid would silently not match. Policies
//! are validated to dereference at most [`LEVEL`](crate::LEVEL) deep; what lies within that reach of
//! principal, resource and context must be there, with every ancestor.

use std::collections::HashSet;

use cedar_policy::{Entities, EntityUid, EvalResult};

use crate::LEVEL;
use crate::decide::{Posed, Reason};
use crate::snapshot::Snapshot;

pub(crate) fn check(snapshot: &Snapshot, posed: &Posed, entities: &Entities) -> Result<(), Reason> {
    let is_missing = |uid: &EntityUid| snapshot.carries_facts(uid) && entities.get(uid).is_none();
    let [principal, resource, ..] = posed.references() else {
        return Err(Reason::IncompleteFacts("the question names no principal or no resource".into()));
    };
    if is_missing(principal) {
        return Err(Reason::UnknownPrincipal(principal.to_string()));
    }
    if is_missing(resource) {
        return Err(Reason::UnknownResource(resource.to_string()));
    }
    let mut seen = HashSet::new();
    let mut layer = posed.references().to_vec();
    for _ in 0..LEVEL {
        let mut next = vec![];
        for uid in layer.drain(..) {
            if !seen.insert(uid.clone()) {
                continue;
            }
            let Some(entity) = entities.get(&uid) else {
                if is_missing(&uid) {
                    return Err(missing(&uid));
                }
                continue;
            };
            for (_, value) in entity.attrs() {
                references(&value.map_err(|error| Reason::IncompleteFacts(error.to_string()))?, &mut next);
            }
            if let Some(ancestor) = entities.ancestors(&uid).into_iter().flatten().find(|uid| is_missing(uid))
            {
                return Err(missing(ancestor));
            }
        }
        layer = next;
    }
    Ok(())
}

/// The deny for a gap.
fn missing(uid: &EntityUid) -> Reason {
    Reason::IncompleteFacts(format!("policies can reach {uid}, which is not there"))
}

/// Every entity that a value names.
pub(crate) fn references(value: &EvalResult, found: &mut Vec<EntityUid>) {
    match value {
        EvalResult::EntityUid(uid) => found.push(uid.clone()),
        EvalResult::Set(set) => set.iter().for_each(|item| references(item, found)),
        EvalResult::Record(record) => record.iter().for_each(|(_, item)| references(item, found)),
        _ => {}
    }
}
