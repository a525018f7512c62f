//! What the schema says about each entity type, beyond what Cedar's API tells.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use cedar_policy::{EntityTypeName, SchemaFragment};
use serde::Deserialize;

/// One entity type.
#[derive(Debug, Clone)]
pub(crate) struct EntityType {
    /// The parsed name.
    pub(crate) name: EntityTypeName,
    /// Names of the declared attributes.
    pub(crate) attributes: BTreeSet<String>,
    /// Whether an entity of this type can carry anything that a policy reads: attributes, tags or ancestors.
    /// Closed lists and group names carry nothing: there is nothing to load, and nothing to miss.
    pub(crate) carries_facts: bool,
    /// The ids that there are, of a closed list.
    pub(crate) ids: Option<Vec<String>>,
    /// Brought by an application's namespace.
    pub(crate) is_application: bool,
}

/// The declared entity types.
#[derive(Debug, Default)]
pub(crate) struct EntityTypes {
    declared: HashMap<EntityTypeName, EntityType>,
    /// By their full names as text, such as `User` or `Docs::Document`.
    names: HashMap<String, EntityTypeName>,
}

impl EntityTypes {
    pub(crate) fn get(&self, name: &EntityTypeName) -> Option<&EntityType> {
        self.declared.get(name)
    }

    /// By its full name as text.
    pub(crate) fn named(&self, name: &str) -> Option<&EntityType> {
        self.declared.get(self.names.get(name)?)
    }

    /// Adds the entity types of a namespace.
    pub(crate) fn add(&mut self, namespace: &str, declared: &Namespace) {
        for (name, declaration) in &declared.entity_types {
            let full = if namespace.is_empty() { name.clone() } else { format!("{namespace}::{name}") };
            let Ok(parsed) = EntityTypeName::from_str(&full) else { continue };
            self.names.insert(full, parsed.clone());
            let entity_type = EntityType::new(parsed.clone(), declaration, !namespace.is_empty());
            self.declared.insert(parsed, entity_type);
        }
    }
}

impl EntityType {
    fn new(name: EntityTypeName, declaration: &DeclaredType, is_application: bool) -> Self {
        let attributes: BTreeSet<String> =
            declaration.shape.iter().flat_map(|shape| shape.attributes.keys().cloned()).collect();
        Self {
            name,
            carries_facts: !attributes.is_empty()
                || !declaration.member_of_types.is_empty()
                || declaration.tags.is_some(),
            attributes,
            ids: declaration.ids.clone(),
            is_application,
        }
    }
}

/// A namespace as Cedar's JSON schema format writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Namespace {
    #[serde(default)]
    pub(crate) entity_types: HashMap<String, DeclaredType>,
    #[serde(default)]
    pub(crate) actions: HashMap<String, DeclaredAction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeclaredType {
    #[serde(default)]
    member_of_types: Vec<String>,
    #[serde(default)]
    shape: Option<Shape>,
    pub(crate) tags: Option<serde_json::Value>,
    #[serde(rename = "enum")]
    ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    attributes: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeclaredAction {
    pub(crate) member_of: Option<Vec<ActionGroup>>,
}

#[derive(Deserialize)]
pub(crate) struct ActionGroup {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

/// The namespaces that a fragment declares, by name; the core's is the empty one.
pub(crate) fn namespaces(fragment: &SchemaFragment) -> Result<HashMap<String, Namespace>, String> {
    let json = fragment.clone().to_json_value().map_err(|error| error.to_string())?;
    serde_json::from_value(json).map_err(|error| error.to_string())
}
