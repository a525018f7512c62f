//! What the store knows, as the entities that policies see.
//!
//! [`Facts`] is plain data: the store fills it with one query, a policy test writes it down in JSON. What becomes of
//! it in Cedar stands in `slice.rs`, one function for each noun.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::id::ResourceId;

/// The facts that a decision may need, by id.
#[derive(Debug, Default)]
pub struct Facts {
    pub(crate) users: HashMap<String, UserFacts>,
    pub(crate) organizations: HashMap<String, OrganizationFacts>,
    pub(crate) memberships: HashMap<String, MembershipFacts>,
    pub(crate) workspaces: HashMap<String, WorkspaceFacts>,
    pub(crate) agents: HashMap<String, AgentFacts>,
    pub(crate) api_keys: HashMap<String, ApiKeyFacts>,
    pub(crate) resources: HashMap<ResourceId, ResourceFacts>,
    pub(crate) shares: HashMap<ResourceId, Vec<ShareFacts>>,
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
        match fact {
            Fact::User(user) => drop(self.users.insert(user.id.clone(), user)),
            Fact::Organization(org) => drop(self.organizations.insert(org.id.clone(), org)),
            Fact::Membership(m) => drop(self.memberships.insert(format!("{}/{}", m.org, m.user), m)),
            Fact::Workspace(workspace) => drop(self.workspaces.insert(workspace.id.clone(), workspace)),
            Fact::Agent(agent) => drop(self.agents.insert(agent.id.clone(), agent)),
            Fact::ApiKey(key) => drop(self.api_keys.insert(key.id.clone(), key)),
            Fact::Resource(resource) => {
                let id = ResourceId { kind: resource.kind.clone(), id: resource.id.clone() };
                self.resources.insert(id, resource);
            }
            Fact::Share(share) => self.shares.entry(share.on.clone()).or_default().push(share),
        }
    }

    /// The organization that an entity belongs to, if it is known and belongs to one.
    #[must_use]
    pub fn org_of(&self, uid: &authz::EntityUid) -> Option<&str> {
        let kind = uid.type_name().to_string();
        let id: &str = uid.id().unescaped();
        match kind.as_str() {
            "Organization" => self.organizations.get(id).map(|org| org.id.as_str()),
            "Membership" => self.memberships.get(id).map(|membership| membership.org.as_str()),
            "Workspace" => self.workspaces.get(id)?.org.as_deref(),
            "Agent" => self.agents.get(id)?.org.as_deref(),
            "ApiKey" => self.api_keys.get(id)?.org.as_deref(),
            _ => {
                let resource = self.resources.get(&ResourceId { kind, id: id.to_owned() })?;
                self.workspaces.get(&resource.workspace)?.org.as_deref()
            }
        }
    }
}
