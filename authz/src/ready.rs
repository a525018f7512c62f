//! Entities that were checked against the schema.

use std::sync::Arc;

use cedar_policy::{Entities, Entity, EntityUid};

use crate::closure;
use crate::decide::chain;
use crate::snapshot::Snapshot;

/// An entity, checked against the schema once, to be used in many decisions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ready(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entity: Entity,
    uid: EntityUid,
    references: Vec<EntityUid>,
}

impl Snapshot {
    /// Checks an entity against the schema. Its parents must be all its ancestors.
    ///
    /// # Errors
    /// What does not fit.
    pub fn ready(&self, entity: Entity) -> Result<Ready, String> {
        Entities::from_entities([entity.clone()], Some(&self.schema)).map_err(|error| chain(&error))?;
        let mut references = vec![];
        for (_, value) in entity.attrs() {
            closure::references(&value.map_err(|error| error.to_string())?, &mut references);
        }
        references.retain(|uid| self.carries_facts(uid));
        Ok(Ready(Arc::new(Inner { uid: entity.uid(), entity, references })))
    }
}

impl Ready {
    /// Its name.
    #[must_use]
    pub fn uid(&self) -> &EntityUid {
        &self.0.uid
    }

    /// Entities that its attributes name and that carry facts.
    #[must_use]
    pub fn references(&self) -> &[EntityUid] {
        &self.0.references
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        2000
    }

    pub(crate) fn entity(&self) -> &Entity {
        &self.0.entity
    }
}
