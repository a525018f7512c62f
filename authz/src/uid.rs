//! Names of entities.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{LazyLock, PoisonError, RwLock};

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

/// Type names that stand in the code, parsed once: Cedar's parser takes longer than most of a decision.
static NAMES: LazyLock<RwLock<HashMap<&'static str, EntityTypeName>>> = LazyLock::new(RwLock::default);

/// The uid of an entity of a type in the core schema, by a type name that stands in the code.
///
/// # Panics
/// If the type name is not an identifier, which the first test that runs the line shows.
#[must_use]
pub fn core(type_name: &'static str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name(type_name), EntityId::new(id))
}

fn name(type_name: &'static str) -> EntityTypeName {
    if let Some(name) = NAMES.read().unwrap_or_else(PoisonError::into_inner).get(type_name) {
        return name.clone();
    }
    #[allow(clippy::expect_used)] // a literal in the code, not input
    let name = EntityTypeName::from_str(type_name).expect("a type name in the code is an identifier");
    NAMES.write().unwrap_or_else(PoisonError::into_inner).insert(type_name, name.clone());
    name
}
