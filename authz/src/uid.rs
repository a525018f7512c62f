//! Names of entities.

use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

/// The uid of an entity of a type in the core schema, by a type name that stands in the code.
///
/// # Panics
/// If the type name is not an identifier, which the first test that runs the line shows.
#[must_use]
pub fn core(type_name: &'static str, id: &str) -> EntityUid {
    #[allow(clippy::expect_used)] // a literal in the code, not input
    let type_name = EntityTypeName::from_str(type_name).expect("a type name in the code is an identifier");
    EntityUid::from_type_name_and_id(type_name, EntityId::new(id))
}
