//! Entities of the types that applications bring.

use std::collections::HashMap;

use cedar_policy::{Entity, EntityTypeName, EntityUid};
use serde_json::{Map, Value, json};

use crate::decide::chain;
use crate::snapshot::Snapshot;

/// Attributes that Doorward sets itself on registered resources, where their type declares them.
pub const OWN_ATTRIBUTES: [&str; 4] = ["owner", "workspace", "shared_viewers", "shared_editors"];

impl Snapshot {
    /// The entity of a registered resource: the application's attributes as JSON, guided by the schema,
    /// with those of Doorward's own that the type declares. `parents` are all that it lies in.
    ///
    /// # Errors
    /// What does not fit the schema, in words for whoever registers the resource.
    pub fn resource_entity(
        &self,
        uid: &EntityUid,
        attributes: &Map<String, Value>,
        own: &HashMap<&'static str, EntityUid>,
        parents: &[EntityUid],
    ) -> Result<Entity, String> {
        let type_name = uid.type_name();
        let declared =
            self.types.get(type_name).ok_or_else(|| format!("the schema declares no type {type_name}"))?;
        if let Some(name) = OWN_ATTRIBUTES.iter().find(|name| attributes.contains_key(**name)) {
            return Err(format!("attribute {name:?} is set by Doorward and cannot be given"));
        }
        let mut all = attributes.clone();
        for (name, value) in own {
            if declared.attributes.contains(*name) {
                all.insert((*name).to_owned(), reference(value));
            }
        }
        // The workspace and what it lies in are parents where the type declares that it lies in workspaces.
        let outer = |name: &EntityTypeName| ["Workspace", "Organization"].contains(&name.basename());
        let lies_in = |name: &EntityTypeName| {
            self.schema.ancestors(&declared.name).into_iter().flatten().any(|ancestor| ancestor == name)
        };
        let parents: Vec<Value> = parents
            .iter()
            .filter(|parent| {
                let name = parent.type_name();
                !(name.namespace().is_empty() && outer(name)) || lies_in(name)
            })
            .map(reference)
            .collect();
        let json = json!({ "uid": reference(uid), "attrs": all, "parents": parents });
        Entity::from_json_value(json, Some(&self.schema)).map_err(|error| chain(&error))
    }
}

fn reference(uid: &EntityUid) -> Value {
    json!({ "type": uid.type_name().to_string(), "id": uid.id().unescaped() })
}
