//! Is every entity there that the policies can reach?
//!
//! Cedar takes `in` on a missing entity for false, so that a forbid would silently not match. Policies
//! are validated to dereference at most [`LEVEL`](crate::LEVEL) deep; what lies within that reach of
//! principal, resource and context must be there, with every ancestor.

use cedar_policy::EntityUid;

use crate::LEVEL;
use crate::decide::Reason;
use crate::pose::Posed;
use crate::ready::Ready;
use crate::shelf::{Order, Shelf};
use crate::snapshot::Snapshot;

/// The entities that a decision is made with: those that policies can reach from the question.
pub(crate) struct Reach<'r> {
    pub(crate) entities: Vec<&'r Ready>,
    /// None where principals of its type carry no facts.
    pub(crate) principal: Option<&'r Ready>,
    /// None where resources of its type carry no facts.
    pub(crate) resource: Option<&'r Ready>,
}

/// All that can be found: what the store knows, and what the folder brings.
struct Known<'r> {
    snapshot: &'r Snapshot,
    facts: &'r [Ready],
    order: Order,
}

pub(crate) fn reach<'r>(
    snapshot: &'r Snapshot,
    posed: &Posed,
    facts: &'r [Ready],
) -> Result<Reach<'r>, Reason> {
    let known = Known { snapshot, facts, order: Order::of(facts) };
    if let Some(uid) = known.order.conflict(facts) {
        return Err(Reason::IncompleteFacts(format!("there are two versions of {uid}")));
    }
    let mut references = posed.named().iter();
    let (Some((principal, principal_hash)), Some((resource, resource_hash))) =
        (references.next(), references.next())
    else {
        return Err(Reason::IncompleteFacts("the question names no principal or no resource".into()));
    };
    let principal =
        known.find_or(principal, principal_hash, || Reason::UnknownPrincipal(principal.to_string()))?;
    let resource =
        known.find_or(resource, resource_hash, || Reason::UnknownResource(resource.to_string()))?;

    let mut seen = vec![false; facts.len() + snapshot.own.len()];
    let mut entities = Vec::with_capacity(facts.len() + 1);
    let mut layer: Vec<(&EntityUid, u64)> = posed.named().iter().collect();
    for _ in 0..LEVEL {
        let mut next = vec![];
        for (uid, hash) in layer {
            let Some((index, entity)) = known.find_or(uid, hash, || missing(uid))? else { continue };
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            entities.push(entity);
            for (ancestor, hash) in entity.named_ancestors().iter() {
                let Some((_, ancestor)) = known.find_or(ancestor, hash, || missing(ancestor))? else {
                    continue;
                };
                is_transitive(entity, ancestor)?;
            }
            next.extend(entity.named_references().iter());
        }
        layer = next;
    }
    let entity = |found: Option<(usize, &'r Ready)>| found.map(|(_, entity)| entity);
    Ok(Reach { entities, principal: entity(principal), resource: entity(resource) })
}

impl<'r> Known<'r> {
    /// An entity with its place; none if its type carries no facts, and the deny if it is missing.
    fn find_or(
        &self,
        uid: &EntityUid,
        hash: u64,
        missing: impl FnOnce() -> Reason,
    ) -> Result<Option<(usize, &'r Ready)>, Reason> {
        if let Some(index) = self.order.find(self.facts, uid, hash) {
            return Ok(Some((index, &self.facts[index])));
        }
        let own: &'r Shelf = &self.snapshot.own;
        match own.find(uid, hash) {
            Some((index, entity)) => Ok(Some((self.facts.len() + index, entity))),
            None if self.snapshot.carries_facts(uid) => Err(missing()),
            None => Ok(None),
        }
    }
}

/// Nothing adds what an ancestor lies in: whoever made the entity has to have done so.
fn is_transitive(entity: &Ready, ancestor: &Ready) -> Result<(), Reason> {
    match ancestor.entity().ancestors().find(|outer| !entity.entity().is_descendant_of(outer)) {
        None => Ok(()),
        Some(outer) => Err(Reason::IncompleteFacts(format!(
            "{} lies in {}, but not in {outer}, where that lies",
            entity.uid(),
            ancestor.uid()
        ))),
    }
}

/// The deny for a gap.
fn missing(uid: &EntityUid) -> Reason {
    Reason::IncompleteFacts(format!("policies can reach {uid}, which is not there"))
}
