//! The part of the facts that one question needs, as Cedar entities.
//!
//! Groups are flat: a person is a direct member of every role group they hold and of every one that the role
//! includes, and of the share lists *of this slice* that name them or a group of theirs. So no group needs an entity
//! of its own, and an organization with a million shares costs a decision nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use authz::{Entity, EntityUid, LEVEL, Ready, RestrictedExpression, Snapshot, core_uid, datetime};
use chrono::{DateTime, Utc};
use quick_cache::DefaultHashBuilder;

use crate::facts::{
    AgentFacts, ApiKeyFacts, ConnectionFacts, Fact, Facts, OrganizationFacts, ResourceFacts,
    StoredDocumentFacts, UserFacts, WorkspaceFacts,
};
use crate::id::ResourceId;
use crate::node::{self, Misfit, Node, USER};

/// Most resources, workspaces and organizations above one resource: with 32 levels of 64 parents it could be thousands,
/// and every decision would look at all of them.
const MOST_ANCESTORS: usize = 500;

/// Where a policy test leaves a deadline out, it is over.
const LONG_AGO: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Which roles a role includes.
const ORG_ROLES: [(&str, &[&str]); 4] = [
    ("owner", &["owner", "admin", "manager", "member"]),
    ("admin", &["admin", "member"]),
    ("manager", &["manager", "member"]),
    ("member", &["member"]),
];
const WORKSPACE_ROLES: [(&str, &[&str]); 3] =
    [("admin", &["admin", "editor", "viewer"]), ("editor", &["editor", "viewer"]), ("viewer", &["viewer"])];
const PLATFORM_ROLES: [(&str, &[&str]); 2] =
    [("super_admin", &["super_admin", "admin"]), ("admin", &["admin"])];

fn included<'r>(roles: &'r [(&str, &'r [&'r str])], role: &str) -> &'r [&'r str] {
    roles.iter().find(|(name, _)| *name == role).map_or(&[], |(_, included)| included)
}

impl Facts {
    /// The entities that can be reached from `references`. Unknown ones are left out, for the engine to notice.
    ///
    /// # Errors
    /// A stored fact that the schema does not allow (any more).
    pub fn slice(
        &self,
        snapshot: &Snapshot,
        references: &[EntityUid],
        now: DateTime<Utc>,
    ) -> Result<Vec<Ready>, Misfit> {
        let mut slice = Slice { facts: self, snapshot, now, users: vec![], shared: vec![], ready: vec![] };
        for node in self.reach(references) {
            slice.take(node)?;
        }
        slice.finish()
    }

    /// The nodes that can be reached: along what the store ties together, and so far along what applications'
    /// attributes name as policies can follow.
    fn reach(&self, references: &[EntityUid]) -> Vec<&Node> {
        let mut seen: HashSet<*const Node, DefaultHashBuilder> = HashSet::default();
        let (mut found, mut level): (Vec<&Node>, Vec<&EntityUid>) = (vec![], references.iter().collect());
        for _ in 0..LEVEL {
            let mut named = vec![];
            while let Some(uid) = level.pop() {
                let Some(node) = self.get(uid) else { continue };
                if seen.insert(Arc::as_ptr(node)) {
                    found.push(node);
                    level.extend(&node.links);
                    named.extend(&node.named);
                }
            }
            level = named;
        }
        found
    }
}

struct Slice<'f> {
    facts: &'f Facts,
    snapshot: &'f Snapshot,
    now: DateTime<Utc>,
    users: Vec<(&'f Node, &'f UserFacts)>,
    /// Nodes with shares on them.
    shared: Vec<&'f Node>,
    ready: Vec<Ready>,
}

impl<'f> Slice<'f> {
    fn take(&mut self, node: &'f Node) -> Result<(), Misfit> {
        if !node.shares.is_empty() {
            self.shared.push(node);
        }
        match &node.fact {
            // Users come last, when all share lists of the slice are known.
            Fact::User(user) => self.users.push((node, user)),
            _ => self.ready.push(self.ready(node)?),
        }
        Ok(())
    }

    /// The node's entity, made once for the same ancestors.
    fn ready(&self, node: &Node) -> Result<Ready, Misfit> {
        let ancestors = match &node.fact {
            Fact::Resource(_) => match node.ready.load().as_ref() {
                Some(made) if self.lies_as_before(node, &made.0) => return made.1.clone(),
                _ => self.ancestors(node)?,
            },
            Fact::StoredDocument(_) => self.ancestors(node)?,
            Fact::Workspace(_) if node.shares.iter().any(|share| share.to.kind == "Platform") => {
                // Depends on the time.
                return self.make(node, vec![]);
            }
            _ => vec![],
        };
        if let Some(made) = node.ready.load().as_ref().filter(|made| made.0 == ancestors) {
            return made.1.clone();
        }
        let made = self.make(node, ancestors.clone());
        node.ready.store(Some(Arc::new((ancestors, made.clone()))));
        made
    }

    /// Whether a resource without parents lies in the workspace and organization that its entity was made for.
    fn lies_as_before(&self, node: &Node, ancestors: &[EntityUid]) -> bool {
        let Some(workspace) = node.links.first() else { return false };
        let org = self.facts.get(workspace).into_iter().flat_map(|workspace| &workspace.links);
        let above = std::iter::once(workspace).chain(org.filter(|link| *link.type_name() != *USER));
        matches!(&node.fact, Fact::Resource(resource) if resource.parents.is_empty()) && above.eq(ancestors)
    }

    fn make(&self, node: &Node, ancestors: Vec<EntityUid>) -> Result<Ready, Misfit> {
        match &node.fact {
            Fact::User(user) => self.entity(node, user_attributes(user), roles(user)),
            Fact::Organization(org) => self.entity(node, organization_attributes(org)?, HashSet::new()),
            Fact::Membership(membership) => {
                let org = core_uid("Organization", &membership.org);
                let attributes = vec![
                    ("org", reference(org.clone())),
                    ("user", reference(core_uid("User", &membership.user))),
                    ("role", reference(core_uid("OrgRoleName", &membership.role))),
                ];
                self.entity(node, attributes, HashSet::from([org]))
            }
            Fact::Workspace(workspace) => self.workspace(node, workspace),
            Fact::Agent(agent) => self.agent(node, agent),
            Fact::Instance(instance) => {
                let org = core_uid("Organization", &instance.org);
                let attributes = vec![
                    ("org", reference(org.clone())),
                    ("technical", RestrictedExpression::new_bool(instance.technical)),
                    ("economic", RestrictedExpression::new_bool(instance.economic)),
                ];
                self.entity(node, attributes, HashSet::from([org]))
            }
            Fact::Connection(connection) => self.connection(node, connection),
            Fact::StoredDocument(document) => self.document(node, document, ancestors),
            Fact::ApiKey(key) => self.entity(node, api_key_attributes(key), HashSet::new()),
            Fact::Resource(resource) => self.resource(node, resource, &ancestors),
            Fact::Share(_) => Err("a share is no entity".into()),
        }
    }

    fn workspace(&self, node: &Node, workspace: &WorkspaceFacts) -> Result<Ready, Misfit> {
        let id = &workspace.id;
        let on = ResourceId { kind: "Workspace".into(), id: id.clone() };
        let group = |role: &str| reference(workspace_role(id, role));
        let with_platform = node.shares_at(self.now).any(|share| share.to.kind == "Platform");
        let mut attributes = vec![
            ("visibility", reference(core_uid("Visibility", &workspace.visibility))),
            ("is_default", RestrictedExpression::new_bool(workspace.is_default)),
            ("is_deleting", RestrictedExpression::new_bool(workspace.is_deleting)),
            ("admins", group("admin")),
            ("editors", group("editor")),
            ("viewers", group("viewer")),
            ("shared_viewers", reference(share_list(&on, "viewer"))),
            ("shared_editors", reference(share_list(&on, "editor"))),
            ("shared_with_platform", RestrictedExpression::new_bool(with_platform)),
        ];
        let org = workspace.org.as_ref().map(|org| core_uid("Organization", org));
        attributes.extend(org.clone().map(|org| ("org", reference(org))));
        attributes
            .extend(workspace.owner.as_ref().map(|owner| ("owner", reference(core_uid("User", owner)))));
        self.entity(node, attributes, org.into_iter().collect())
    }

    fn agent(&self, node: &Node, agent: &AgentFacts) -> Result<Ready, Misfit> {
        let on = ResourceId { kind: "Agent".into(), id: agent.id.clone() };
        let mut attributes = vec![
            ("license", reference(core_uid("License", &agent.license))),
            ("is_active", RestrictedExpression::new_bool(agent.is_active)),
            ("shared_viewers", reference(share_list(&on, "viewer"))),
        ];
        attributes.extend(agent.org.as_ref().map(|org| ("org", reference(core_uid("Organization", org)))));
        self.entity(node, attributes, HashSet::new())
    }

    fn connection(&self, node: &Node, connection: &ConnectionFacts) -> Result<Ready, Misfit> {
        let org = connection.org.as_ref().map(|org| core_uid("Organization", org));
        let owner = connection.owner.as_ref().map(|owner| core_uid("User", owner));
        let mut attributes = vec![];
        attributes.extend(org.clone().map(|org| ("org", reference(org))));
        attributes.extend(owner.map(|owner| ("owner", reference(owner))));
        self.entity(node, attributes, org.into_iter().collect())
    }

    fn document(
        &self,
        node: &Node,
        document: &StoredDocumentFacts,
        ancestors: Vec<EntityUid>,
    ) -> Result<Ready, Misfit> {
        // Nobody shares a single one yet: the lists are empty.
        let on = ResourceId { kind: "StoredDocument".into(), id: document.id.clone() };
        let workspace = core_uid("Workspace", &document.workspace);
        let mut attributes = vec![
            ("workspace", reference(workspace)),
            ("shared_viewers", reference(share_list(&on, "viewer"))),
            ("shared_editors", reference(share_list(&on, "editor"))),
        ];
        attributes.extend(document.owner.as_ref().map(|owner| ("owner", reference(core_uid("User", owner)))));
        self.entity(node, attributes, ancestors.into_iter().collect())
    }

    fn resource(
        &self,
        node: &Node,
        resource: &ResourceFacts,
        ancestors: &[EntityUid],
    ) -> Result<Ready, Misfit> {
        for parent in &resource.parents {
            if self.snapshot.uid(&parent.kind, &parent.id).is_none() {
                return Err(format!(
                    "{} has a parent of type {}, which the schema does not declare",
                    node.uid, parent.kind
                ));
            }
        }
        let id = ResourceId { kind: resource.kind.clone(), id: resource.id.clone() };
        let mut own = HashMap::from([
            ("workspace", core_uid("Workspace", &resource.workspace)),
            ("shared_viewers", share_list(&id, "viewer")),
            ("shared_editors", share_list(&id, "editor")),
        ]);
        own.extend(resource.owner.as_ref().map(|owner| ("owner", core_uid("User", owner))));
        let entity = self
            .snapshot
            .resource_entity(&node.uid, &resource.attributes, &own, ancestors)
            .map_err(|misfit| format!("{}: {misfit}", node.uid))?;
        self.check(node, entity)
    }

    /// Everything above a resource: its workspace with the organization, its parents with theirs.
    fn ancestors<'n>(&'n self, node: &'n Node) -> Result<Vec<EntityUid>, Misfit> {
        let mut found: Vec<EntityUid> = vec![];
        let mut seen: HashSet<&EntityUid, DefaultHashBuilder> = HashSet::default();
        let mut level = vec![node];
        for _ in 0..=ResourceId::MAX_HEIGHT {
            let mut above = vec![];
            for node in level {
                if !matches!(node.fact, Fact::Resource(_) | Fact::StoredDocument(_) | Fact::Workspace(_)) {
                    continue;
                }
                // The owner is a link too, and nothing that anything lies in.
                for uid in node.links.iter().filter(|link| *link.type_name() != *USER) {
                    if seen.insert(uid) {
                        found.push(uid.clone());
                        above.extend(self.facts.get(uid).map(Arc::as_ref));
                    }
                }
            }
            if above.is_empty() {
                return Ok(found);
            }
            if found.len() > MOST_ANCESTORS {
                return Err(format!("{} lies in more than {MOST_ANCESTORS} others", node.uid));
            }
            level = above;
        }
        // Deeper, there may only be what lies above workspaces.
        if level.iter().any(|node| matches!(node.fact, Fact::Resource(_))) {
            return Err(format!("{} is nested more than {} deep", node.uid, ResourceId::MAX_HEIGHT));
        }
        Ok(found)
    }

    fn finish(mut self) -> Result<Vec<Ready>, Misfit> {
        for (node, user) in std::mem::take(&mut self.users) {
            let lists: HashSet<EntityUid> = self
                .shared
                .iter()
                .flat_map(|shared| shared.shares_at(self.now))
                .filter(|share| node::names(share, user))
                .map(|share| share_list(&share.on, &share.level))
                .collect();
            let ready = if lists.is_empty() {
                self.ready(node)?
            } else {
                let mut groups = roles(user);
                groups.extend(lists);
                self.entity(node, user_attributes(user), groups)?
            };
            self.ready.push(ready);
        }
        Ok(self.ready)
    }

    fn entity(
        &self,
        node: &Node,
        attributes: Vec<(&str, RestrictedExpression)>,
        parents: HashSet<EntityUid>,
    ) -> Result<Ready, Misfit> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let entity = Entity::new(node.uid.clone(), attributes, parents)
            .map_err(|error| format!("{}: {error}", node.uid))?;
        self.check(node, entity)
    }

    fn check(&self, node: &Node, entity: Entity) -> Result<Ready, Misfit> {
        self.snapshot.ready(entity).map_err(|misfit| format!("{}: {misfit}", node.uid))
    }
}

/// The role groups that a person is in, those that a role includes among them.
fn roles(user: &UserFacts) -> HashSet<EntityUid> {
    let platform = included(&PLATFORM_ROLES, user.platform_role.as_deref().unwrap_or_default());
    let mut groups: HashSet<_> = platform.iter().map(|role| core_uid("PlatformRole", role)).collect();
    for (org, role) in &user.memberships {
        groups.extend(included(&ORG_ROLES, role).iter().map(|role| org_role(org, role)));
    }
    for (workspace, role) in &user.workspace_roles {
        groups.extend(included(&WORKSPACE_ROLES, role).iter().map(|role| workspace_role(workspace, role)));
    }
    groups
}

fn user_attributes(user: &UserFacts) -> Vec<(&'static str, RestrictedExpression)> {
    vec![
        ("status", reference(core_uid("AccountStatus", &user.status))),
        ("email_verified", RestrictedExpression::new_bool(user.email_verified)),
        ("password_must_change", RestrictedExpression::new_bool(user.password_must_change)),
        ("second_factor", RestrictedExpression::new_bool(user.second_factor)),
        ("approval_due_at", datetime(user.approval_due_at.unwrap_or(LONG_AGO))),
    ]
}

fn organization_attributes(
    org: &OrganizationFacts,
) -> Result<Vec<(&'static str, RestrictedExpression)>, Misfit> {
    let group = |role: &str| reference(org_role(&org.id, role));
    let usage = RestrictedExpression::new_record([
        ("workspaces".to_owned(), RestrictedExpression::new_long(org.usage.workspaces)),
        ("agents".to_owned(), RestrictedExpression::new_long(org.usage.agents)),
        ("members".to_owned(), RestrictedExpression::new_long(org.usage.members)),
    ])
    .map_err(|error| error.to_string())?;
    Ok(vec![
        ("owners", group("owner")),
        ("admins", group("admin")),
        ("managers", group("manager")),
        ("members", group("member")),
        ("plan", reference(core_uid("Plan", &org.plan))),
        ("usage", usage),
        ("subscription_status", reference(core_uid("SubscriptionStatus", &org.subscription_status))),
        ("trial_ends_at", datetime(org.trial_ends_at.unwrap_or(LONG_AGO))),
        ("is_deleting", RestrictedExpression::new_bool(org.is_deleting)),
    ])
}

fn api_key_attributes(key: &ApiKeyFacts) -> Vec<(&'static str, RestrictedExpression)> {
    let scopes = key.scopes.iter().map(|scope| reference(core_uid("Scope", scope)));
    let mut attributes = vec![
        ("scopes", RestrictedExpression::new_set(scopes)),
        ("is_revoked", RestrictedExpression::new_bool(key.is_revoked)),
    ];
    attributes.extend(key.expires_at.map(|expiry| ("expires_at", datetime(expiry))));
    attributes.extend(key.org.as_ref().map(|org| ("org", reference(core_uid("Organization", org)))));
    attributes
}

fn reference(uid: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid)
}

fn org_role(org: &str, role: &str) -> EntityUid {
    core_uid("OrgRole", &format!("{org}/{role}"))
}

fn workspace_role(workspace: &str, role: &str) -> EntityUid {
    core_uid("WorkspaceRole", &format!("{workspace}/{role}"))
}

fn share_list(on: &ResourceId, level: &str) -> EntityUid {
    core_uid("ShareList", &format!("{}/{}/{level}", on.kind, on.id))
}
