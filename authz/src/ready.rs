//! Entities that were checked against the schema once, to be used in many decisions afterwards.

use std::collections::HashSet;
use std::sync::Arc;

use cedar_policy::{Entity, EntityUid};
use cedar_policy_core::ast::{self, Literal, PartialValue, Value, ValueKind};
use cedar_policy_core::entities::{Entities, TCComputation};
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::CoreSchema;

use crate::decide::chain;
use crate::named::{self, Named};
use crate::snapshot::{SchemaMark, Snapshot};

/// An entity that fits the schema, with what it names. Cheap to clone.
///
/// One that was checked against another schema than a decision is made with is checked again there, which costs time
/// but no correctness: keep them no longer than the snapshot that made them.
#[derive(Debug, Clone)]
pub struct Ready(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    uid: EntityUid,
    hash: u64,
    entity: Arc<ast::Entity>,
    references: Named,
    ancestors: Named,
    /// Hashes of itself and of all its ancestors, those without facts too.
    lineage: Box<[u64]>,
    bytes: usize,
    schema: SchemaMark,
}

impl Ready {
    /// Its name.
    #[must_use]
    pub fn uid(&self) -> &EntityUid {
        &self.0.uid
    }

    /// Entities that its attributes and tags name and that carry facts.
    #[must_use]
    pub fn references(&self) -> &[EntityUid] {
        self.0.references.uids()
    }

    /// All its ancestors that carry facts.
    #[must_use]
    pub fn ancestors(&self) -> &[EntityUid] {
        self.0.ancestors.uids()
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    pub(crate) fn hash(&self) -> u64 {
        self.0.hash
    }

    pub(crate) fn entity(&self) -> &Arc<ast::Entity> {
        &self.0.entity
    }

    pub(crate) fn named_references(&self) -> &Named {
        &self.0.references
    }

    pub(crate) fn named_ancestors(&self) -> &Named {
        &self.0.ancestors
    }

    pub(crate) fn lineage(&self) -> &[u64] {
        &self.0.lineage
    }

    pub(crate) fn schema(&self) -> SchemaMark {
        self.0.schema
    }
}

impl Snapshot {
    /// Checks an entity against the schema. Its parents must be *all* its ancestors: what they lie in in turn is not
    /// looked up in a decision.
    ///
    /// # Errors
    /// What does not fit.
    pub fn ready(&self, entity: Entity) -> Result<Ready, String> {
        let entity = Arc::new(entity.as_ref().clone());
        // Of all ways into Cedar's conformance check, this one adds nothing to what it checks.
        Entities::new()
            .add_entities(
                [Arc::clone(&entity)],
                Some(&CoreSchema::new(self.schema.as_ref())),
                TCComputation::AssumeAlreadyComputed,
                Extensions::all_available(),
            )
            .map_err(|error| chain(&error))?;
        self.checked(entity)
    }

    /// What is known to fit the schema: its own actions.
    pub(crate) fn checked(&self, entity: Arc<ast::Entity>) -> Result<Ready, String> {
        let uid = EntityUid::from(entity.uid().clone());
        let mut named = vec![];
        for (name, value) in entity.attrs().chain(entity.tags()) {
            match value {
                PartialValue::Value(value) => named::references(value, &mut named),
                PartialValue::Residual(_) => return Err(format!("{uid} has an unknown value in {name:?}")),
            }
        }
        let mut seen = HashSet::new();
        named.retain(|named| self.carries_facts(named) && seen.insert(named.clone()));
        let mut all: Vec<EntityUid> = entity.ancestors().cloned().map(EntityUid::from).collect();
        if all.contains(&uid) {
            return Err(format!("{uid} lies in itself"));
        }
        all.sort();
        let lineage = std::iter::once(&uid).chain(&all).map(named::hash).collect();
        all.retain(|ancestor| self.carries_facts(ancestor));
        Ok(Ready(Arc::new(Checked {
            hash: named::hash(&uid),
            bytes: weight(&entity) + 2 * named.iter().chain(&all).map(uid_weight).sum::<usize>(),
            references: named.into_iter().collect(),
            ancestors: all.into_iter().collect(),
            lineage,
            uid,
            entity,
            schema: self.schema_mark,
        })))
    }
}

/// Bytes of an entity; tables inside of it count about what their entries do.
fn weight(entity: &ast::Entity) -> usize {
    let values = entity.attrs().chain(entity.tags()).map(|(name, value)| {
        let value = match value {
            PartialValue::Value(value) => value_weight(value),
            PartialValue::Residual(_) => 0,
        };
        size_of_val(name) + name.len() + size_of::<PartialValue>() + value
    });
    let ancestors = entity.ancestors().map(|uid| 2 * size_of::<ast::EntityUID>() + eid_weight(uid));
    size_of::<Checked>() + size_of::<ast::Entity>() + values.sum::<usize>() + ancestors.sum::<usize>()
}

/// Bytes behind a value.
fn value_weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value.value_kind() {
            ValueKind::Lit(Literal::EntityUID(uid)) => size_of::<ast::EntityUID>() + eid_weight(uid),
            ValueKind::Lit(Literal::String(text)) => text.len(),
            ValueKind::Lit(_) => 0,
            // A set of literals is kept twice.
            ValueKind::Set(set) => 2 * set.iter().map(value_weight).sum::<usize>(),
            ValueKind::Record(record) => {
                record.iter().map(|(name, value)| size_of_val(name) + name.len() + value_weight(value)).sum()
            }
            ValueKind::ExtensionValue(_) => 256,
        }
}

fn eid_weight(uid: &ast::EntityUID) -> usize {
    let id: &str = uid.eid().as_ref();
    id.len()
}

fn uid_weight(uid: &EntityUid) -> usize {
    size_of::<EntityUid>() + uid.id().unescaped().len()
}
