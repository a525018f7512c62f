//! One entity of the store: what is known of it, what it leads to, and the Cedar entity that becomes of it.

use std::mem::size_of;
use std::str::FromStr;
use std::sync::LazyLock;

use arc_swap::ArcSwapOption;
use authz::{EntityTypeName, EntityUid, Ready, core_uid};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::facts::{Fact, ShareFacts, UserFacts};
use crate::id::ResourceId;

/// A fact that does not fit the schema: the decision that needs it denies.
pub(crate) type Misfit = String;

/// Rough size of a Cedar entity with a handful of attributes, in bytes, by what 100 000 of them take.
const ENTITY: usize = 4_000;

/// The type of people.
pub(crate) static USER: LazyLock<EntityTypeName> = LazyLock::new(|| core_uid("User", "").type_name().clone());

/// A fact with the shares on it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) uid: EntityUid,
    pub(crate) fact: Fact,
    pub(crate) shares: Vec<ShareFacts>,
    /// What the store ties it to: organization, workspace, owner, parents.
    pub(crate) links: Vec<EntityUid>,
    /// What an application's attributes name.
    pub(crate) named: Vec<EntityUid>,
    /// The Cedar entity as it was made last, with the ancestors that it was made for.
    pub(crate) ready: ArcSwapOption<(Vec<EntityUid>, Result<Ready, Misfit>)>,
}

impl Node {
    /// None for a share, which belongs to the node of what is shared, and for a type that cannot be written.
    pub(crate) fn new(fact: Fact) -> Option<Self> {
        let (uid, mut links, mut named) = match &fact {
            Fact::User(user) => (core_uid("User", &user.id), vec![], vec![]),
            Fact::Organization(org) => (organization(&org.id), vec![], vec![]),
            Fact::Membership(m) => {
                let id = format!("{}/{}", m.org, m.user);
                (core_uid("Membership", &id), vec![organization(&m.org), core_uid("User", &m.user)], vec![])
            }
            Fact::Workspace(workspace) => {
                let org = workspace.org.as_deref().map(organization);
                let owner = workspace.owner.as_deref().map(|owner| core_uid("User", owner));
                (core_uid("Workspace", &workspace.id), org.into_iter().chain(owner).collect(), vec![])
            }
            Fact::Agent(agent) => {
                let org = agent.org.as_deref().map(organization);
                (core_uid("Agent", &agent.id), org.into_iter().collect(), vec![])
            }
            Fact::Instance(instance) => {
                (core_uid("Instance", &instance.id), vec![organization(&instance.org)], vec![])
            }
            Fact::Connection(connection) => {
                let org = connection.org.as_deref().map(organization);
                let owner = connection.owner.as_deref().map(|owner| core_uid("User", owner));
                (core_uid("Connection", &connection.id), org.into_iter().chain(owner).collect(), vec![])
            }
            Fact::StoredDocument(document) => {
                let mut links = vec![core_uid("Workspace", &document.workspace)];
                links.extend(document.owner.as_deref().map(|owner| core_uid("User", owner)));
                (core_uid("StoredDocument", &document.id), links, vec![])
            }
            Fact::ApiKey(key) => {
                let org = key.org.as_deref().map(organization);
                (core_uid("ApiKey", &key.id), org.into_iter().collect(), vec![])
            }
            Fact::Resource(resource) => {
                let mut links = vec![core_uid("Workspace", &resource.workspace)];
                links.extend(resource.owner.as_deref().map(|owner| core_uid("User", owner)));
                links.extend(resource.parents.iter().filter_map(uid));
                let named = entity_references(&resource.attributes).iter().filter_map(uid).collect();
                (
                    self::uid(&ResourceId { kind: resource.kind.clone(), id: resource.id.clone() })?,
                    links,
                    named,
                )
            }
            Fact::Share(_) => return None,
        };
        links.shrink_to_fit();
        named.shrink_to_fit();
        Some(Self { uid, fact, shares: vec![], links, named, ready: ArcSwapOption::empty() })
    }

    /// The organization that it belongs to; for a resource, that of its workspace has to be asked.
    pub(crate) fn org(&self) -> Option<&str> {
        match &self.fact {
            Fact::Organization(org) => Some(&org.id),
            Fact::Membership(membership) => Some(&membership.org),
            Fact::Workspace(workspace) => workspace.org.as_deref(),
            Fact::Agent(agent) => agent.org.as_deref(),
            Fact::Instance(instance) => Some(&instance.org),
            Fact::Connection(connection) => connection.org.as_deref(),
            Fact::ApiKey(key) => key.org.as_deref(),
            Fact::User(_) | Fact::StoredDocument(_) | Fact::Resource(_) | Fact::Share(_) => None,
        }
    }

    /// The shares that count at a time; an expired one stopped counting at its instant.
    pub(crate) fn shares_at(&self, now: DateTime<Utc>) -> impl Iterator<Item = &ShareFacts> {
        self.shares.iter().filter(move |share| share.expires_at.is_none_or(|expiry| now < expiry))
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let text = match &self.fact {
            Fact::User(user) => 120 * (user.memberships.len() + user.workspace_roles.len()) * 4,
            Fact::Resource(resource) => 2 * value_bytes(&resource.attributes) + 150 * resource.parents.len(),
            _ => 0,
        };
        size_of::<Self>()
            + ENTITY
            + text
            + self.shares.len() * (size_of::<ShareFacts>() + 120)
            + (self.links.len() + self.named.len()) * 80
    }
}

fn organization(id: &str) -> EntityUid {
    core_uid("Organization", id)
}

/// The uid of something that the store names; none if the type cannot be written in Cedar.
pub(crate) fn uid(id: &ResourceId) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(&id.kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, authz::EntityId::new(&id.id)))
}

/// Whether a share names a person: themselves, an organization or a workspace of theirs.
pub(crate) fn names(share: &ShareFacts, user: &UserFacts) -> bool {
    match share.to.kind.as_str() {
        "User" => share.to.id == user.id,
        "Organization" => user.memberships.contains_key(&share.to.id),
        "Workspace" => user.workspace_roles.contains_key(&share.to.id),
        _ => false,
    }
}

fn value_bytes(attributes: &Map<String, Value>) -> usize {
    fn of(value: &Value) -> usize {
        size_of::<Value>()
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(fields) => value_bytes(fields),
                _ => 0,
            }
    }
    attributes.iter().map(|(name, value)| name.len() + of(value) + 48).sum()
}

/// The entities that an application's attributes name: `{"type": …, "id": …}`, at any depth. What only looks like one
/// is looked up in vain.
fn entity_references(attributes: &Map<String, Value>) -> Vec<ResourceId> {
    let mut found = vec![];
    for value in attributes.values() {
        collect(value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<ResourceId>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => match (fields.get("type"), fields.get("id"), fields.len()) {
            (Some(Value::String(kind)), Some(Value::String(id)), 2) => {
                found.push(ResourceId { kind: kind.clone(), id: id.clone() });
            }
            _ => fields.values().for_each(|field| collect(field, found)),
        },
        _ => {}
    }
}
