//! What the store knows, as the entities that policies see.
//!
//! [`Facts`] is plain data: the store fills it with one query, a policy test writes it down in JSON. What becomes of
//! it in Cedar stands in `slice.rs`, one function for each noun.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use authz::EntityUid;
use chrono::{DateTime, Utc};
use quick_cache::DefaultHashBuilder;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::id::ResourceId;
use crate::node::{self, Node};

/// The facts that a decision may need, by the entity that they are about.
#[derive(Debug, Default)]
pub struct Facts {
    nodes: HashMap<EntityUid, Arc<Node>, DefaultHashBuilder>,
    /// Shares on what was not added yet.
    orphans: HashMap<EntityUid, Vec<ShareFacts>>,
}

/// One fact.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// A person.
    User(UserFacts),
    /// A tenant.
    Organization(OrganizationFacts),
    /// A person's place in a tenant.
    Membership(MembershipFacts),
    /// A folder of content.
    Workspace(WorkspaceFacts),
    /// An AI agent.
    Agent(AgentFacts),
    /// An installation of something.
    Instance(InstanceFacts),
    /// Credentials of a provider outside.
    Connection(ConnectionFacts),
    /// A file in a workspace.
    StoredDocument(StoredDocumentFacts),
    /// An application's key.
    ApiKey(ApiKeyFacts),
    /// An application's object.
    Resource(ResourceFacts),
    /// A grant.
    Share(ShareFacts),
}

/// A person, with the roles that are in force.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the names are those of the schema, which documents them
pub struct UserFacts {
    pub id: String,
    pub status: String,
    #[serde(default = "yes")]
    pub email_verified: bool,
    #[serde(default)]
    pub password_must_change: bool,
    #[serde(default)]
    pub second_factor: bool,
    pub approval_due_at: Option<DateTime<Utc>>,
    pub platform_role: Option<String>,
    /// Organization → role, without suspended memberships.
    #[serde(default)]
    pub memberships: BTreeMap<String, String>,
    /// Workspace → role, without those of suspended memberships.
    #[serde(default)]
    pub workspace_roles: BTreeMap<String, String>,
}

/// A tenant, with what it uses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct OrganizationFacts {
    pub id: String,
    pub plan: String,
    pub subscription_status: String,
    pub trial_ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub usage: UsageFacts,
    #[serde(default)]
    pub is_deleting: bool,
}

/// Counts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct UsageFacts {
    #[serde(default)]
    pub workspaces: i64,
    #[serde(default)]
    pub agents: i64,
    #[serde(default)]
    pub members: i64,
}

/// A person's place in a tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct MembershipFacts {
    pub org: String,
    pub user: String,
    pub role: String,
}

/// A folder of content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct WorkspaceFacts {
    pub id: String,
    pub org: Option<String>,
    pub owner: Option<String>,
    pub visibility: String,
    #[serde(default)]
    pub is_default: bool,
    #[serde(default)]
    pub is_deleting: bool,
}

/// An AI agent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct AgentFacts {
    pub id: String,
    pub org: Option<String>,
    pub license: String,
    #[serde(default = "yes")]
    pub is_active: bool,
}

/// An installation of something, of an organization.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct InstanceFacts {
    pub id: String,
    pub org: String,
    #[serde(default)]
    pub technical: bool,
    #[serde(default)]
    pub economic: bool,
}

/// Credentials of a provider outside, of an organization or a person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct ConnectionFacts {
    pub id: String,
    pub org: Option<String>,
    pub owner: Option<String>,
}

/// A file in a workspace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct StoredDocumentFacts {
    pub id: String,
    pub workspace: String,
    pub owner: Option<String>,
}

/// An application's key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct ApiKeyFacts {
    pub id: String,
    pub org: Option<String>,
    pub scopes: Vec<String>,
    #[serde(default)]
    pub is_revoked: bool,
    pub expires_at: Option<DateTime<Utc>>,
}

/// An application's object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct ResourceFacts {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
    pub workspace: String,
    pub owner: Option<String>,
    #[serde(default)]
    pub attributes: Map<String, Value>,
    #[serde(default)]
    pub parents: Vec<ResourceId>,
}

/// A grant on `on` to `to`, until `expires_at`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as above
pub struct ShareFacts {
    /// A resource, or `{"type": "Workspace" | "Agent", "id": …}`.
    pub on: ResourceId,
    /// `{"type": "User" | "Organization" | "Workspace" | "Platform", "id": …}`.
    pub to: ResourceId,
    pub level: String,
    pub expires_at: Option<DateTime<Utc>>,
}

fn yes() -> bool {
    true
}

impl Facts {
    /// Adds a fact; a later one about the same thing replaces an earlier one.
    pub fn add(&mut self, fact: Fact) {
        if let Fact::Share(share) = fact {
            let Some(on) = node::uid(&share.on) else { return };
            // Nodes are not shared with a cache while facts are added.
            match self.nodes.get_mut(&on).and_then(Arc::get_mut) {
                Some(node) => node.shares.push(share),
                None => self.orphans.entry(on).or_default().push(share),
            }
            return;
        }
        let Some(mut node) = Node::new(fact) else { return };
        node.shares = match self.nodes.remove(&node.uid).map(Arc::try_unwrap) {
            Some(Ok(replaced)) => replaced.shares,
            _ => self.orphans.remove(&node.uid).unwrap_or_default(),
        };
        self.nodes.insert(node.uid.clone(), Arc::new(node));
    }

    /// Takes in a node that was made before.
    pub(crate) fn include(&mut self, node: Arc<Node>) {
        self.nodes.insert(node.uid.clone(), node);
    }

    /// Takes in all of others.
    pub(crate) fn merge(&mut self, others: Self) {
        self.nodes.extend(others.nodes);
    }

    pub(crate) fn get(&self, uid: &EntityUid) -> Option<&Arc<Node>> {
        self.nodes.get(uid)
    }

    /// Whether both hold the very same nodes.
    pub(crate) fn is_same(&self, others: &Self) -> bool {
        self.nodes.len() == others.nodes.len()
            && self
                .nodes
                .iter()
                .all(|(uid, node)| others.get(uid).is_some_and(|other| Arc::ptr_eq(node, other)))
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.values()
    }

    /// The organization that an entity belongs to, if it is known and belongs to one.
    #[must_use]
    pub fn org_of(&self, uid: &EntityUid) -> Option<&str> {
        let node = self.nodes.get(uid)?;
        match &node.fact {
            Fact::Resource(_) => self.nodes.get(node.links.first()?)?.org(),
            _ => node.org(),
        }
    }
}
