//! The part of the facts that one question needs, as Cedar entities.
//!
//! Groups are flat: a person is a direct member of every role group they hold and of every one that the role
//! includes, and of the share lists *of this slice* that name them or a group of theirs. So no group needs an entity
//! of its own, and an organization with a million shares costs a decision nothing.

use std::collections::{HashMap, HashSet};

use authz::{Entity, EntityUid, Ready, RestrictedExpression, Snapshot, core_uid, datetime};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::facts::{Facts, ResourceFacts, ShareFacts};
use crate::id::ResourceId;

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

/// A fact that does not fit the schema: the decision that needs it denies.
pub(crate) type Misfit = String;

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
        let mut slice = Slice {
            facts: self,
            snapshot,
            now,
            seen: HashSet::new(),
            users: vec![],
            shares: vec![],
            entities: vec![],
        };
        for uid in references {
            slice.visit(uid)?;
        }
        slice.finish()
    }
}

struct Slice<'f> {
    facts: &'f Facts,
    snapshot: &'f Snapshot,
    now: DateTime<Utc>,
    seen: HashSet<EntityUid>,
    users: Vec<&'f str>,
    shares: Vec<&'f ShareFacts>,
    entities: Vec<Ready>,
}

impl<'f> Slice<'f> {
    fn visit(&mut self, uid: &EntityUid) -> Result<(), Misfit> {
        if !self.seen.insert(uid.clone()) {
            return Ok(());
        }
        let kind = uid.type_name().to_string();
        let id: &str = uid.id().unescaped();
        match kind.as_str() {
            "User" => self.users.extend(self.facts.users.get(id).map(|user| user.id.as_str())),
            "Organization" => self.organization(uid, id)?,
            "Membership" => self.membership(uid, id)?,
            "Workspace" => self.workspace(uid, id)?,
            "Agent" => self.agent(uid, id)?,
            "ApiKey" => self.api_key(uid, id)?,
            _ => self.resource(uid, ResourceId { kind, id: id.to_owned() })?,
        }
        Ok(())
    }

    fn organization(&mut self, uid: &EntityUid, id: &str) -> Result<(), Misfit> {
        let Some(org) = self.facts.organizations.get(id) else { return Ok(()) };
        let group = |role: &str| reference(org_role(id, role));
        let usage = RestrictedExpression::new_record([
            ("workspaces".to_owned(), RestrictedExpression::new_long(org.usage.workspaces)),
            ("agents".to_owned(), RestrictedExpression::new_long(org.usage.agents)),
            ("members".to_owned(), RestrictedExpression::new_long(org.usage.members)),
        ])
        .map_err(|error| error.to_string())?;
        self.push(
            uid,
            vec![
                ("owners", group("owner")),
                ("admins", group("admin")),
                ("managers", group("manager")),
                ("members", group("member")),
                ("plan", reference(core_uid("Plan", &org.plan))),
                ("usage", usage),
                ("subscription_status", reference(core_uid("SubscriptionStatus", &org.subscription_status))),
                ("trial_ends_at", datetime(org.trial_ends_at.unwrap_or(self.now))),
            ],
            HashSet::new(),
        )
    }

    fn membership(&mut self, uid: &EntityUid, id: &str) -> Result<(), Misfit> {
        let Some(membership) = self.facts.memberships.get(id) else { return Ok(()) };
        let (org, user) = (core_uid("Organization", &membership.org), core_uid("User", &membership.user));
        self.visit(&org)?;
        self.visit(&user)?;
        self.push(
            uid,
            vec![
                ("org", reference(org.clone())),
                ("user", reference(user)),
                ("role", reference(core_uid("OrgRoleName", &membership.role))),
            ],
            HashSet::from([org]),
        )
    }

    fn workspace(&mut self, uid: &EntityUid, id: &str) -> Result<(), Misfit> {
        let Some(workspace) = self.facts.workspaces.get(id) else { return Ok(()) };
        let on = self.collect_shares("Workspace", id);
        let group = |role: &str| reference(workspace_role(id, role));
        let mut attributes = vec![
            ("visibility", reference(core_uid("Visibility", &workspace.visibility))),
            ("is_default", RestrictedExpression::new_bool(workspace.is_default)),
            ("admins", group("admin")),
            ("editors", group("editor")),
            ("viewers", group("viewer")),
            ("shared_viewers", reference(share_list(&on, "viewer"))),
            ("shared_editors", reference(share_list(&on, "editor"))),
            ("shared_with_platform", RestrictedExpression::new_bool(self.is_shared_with_platform(&on))),
        ];
        let mut parents = HashSet::new();
        if let Some(org) = &workspace.org {
            let org = core_uid("Organization", org);
            self.visit(&org)?;
            attributes.push(("org", reference(org.clone())));
            parents.insert(org);
        }
        if let Some(owner) = &workspace.owner {
            let owner = core_uid("User", owner);
            self.visit(&owner)?;
            attributes.push(("owner", reference(owner)));
        }
        self.push(uid, attributes, parents)
    }

    fn agent(&mut self, uid: &EntityUid, id: &str) -> Result<(), Misfit> {
        let Some(agent) = self.facts.agents.get(id) else { return Ok(()) };
        let on = self.collect_shares("Agent", id);
        let mut attributes = vec![
            ("license", reference(core_uid("License", &agent.license))),
            ("is_active", RestrictedExpression::new_bool(agent.is_active)),
            ("shared_viewers", reference(share_list(&on, "viewer"))),
        ];
        if let Some(org) = &agent.org {
            let org = core_uid("Organization", org);
            self.visit(&org)?;
            attributes.push(("org", reference(org)));
        }
        self.push(uid, attributes, HashSet::new())
    }

    fn api_key(&mut self, uid: &EntityUid, id: &str) -> Result<(), Misfit> {
        let Some(key) = self.facts.api_keys.get(id) else { return Ok(()) };
        let scopes = key.scopes.iter().map(|scope| reference(core_uid("Scope", scope)));
        let mut attributes = vec![
            ("scopes", RestrictedExpression::new_set(scopes)),
            ("is_revoked", RestrictedExpression::new_bool(key.is_revoked)),
        ];
        if let Some(expires_at) = key.expires_at {
            attributes.push(("expires_at", datetime(expires_at)));
        }
        if let Some(org) = &key.org {
            let org = core_uid("Organization", org);
            self.visit(&org)?;
            attributes.push(("org", reference(org)));
        }
        self.push(uid, attributes, HashSet::new())
    }

    fn resource(&mut self, uid: &EntityUid, id: ResourceId) -> Result<(), Misfit> {
        let Some(resource) = self.facts.resources.get(&id) else { return Ok(()) };
        self.collect_shares(&id.kind, &id.id);
        let workspace = core_uid("Workspace", &resource.workspace);
        self.visit(&workspace)?;
        let mut own = HashMap::from([
            ("workspace", workspace.clone()),
            ("shared_viewers", share_list(&id, "viewer")),
            ("shared_editors", share_list(&id, "editor")),
        ]);
        if let Some(owner) = &resource.owner {
            let owner = core_uid("User", owner);
            self.visit(&owner)?;
            own.insert("owner", owner);
        }
        for named in entity_references(&resource.attributes) {
            if let Some(named) = self.snapshot.uid(&named.kind, &named.id) {
                self.visit(&named)?;
            }
        }
        let mut ancestors = HashSet::new();
        self.climb(uid, resource, &mut ancestors)?;
        for parent in &resource.parents {
            if let Some(parent) = self.snapshot.uid(&parent.kind, &parent.id) {
                self.visit(&parent)?;
            }
        }
        let ancestors: Vec<_> = ancestors.into_iter().collect();
        let entity = self
            .snapshot
            .resource_entity(uid, &resource.attributes, &own, &ancestors)
            .and_then(|entity| self.snapshot.ready(entity));
        self.entities.push(entity.map_err(|misfit| format!("{uid}: {misfit}"))?);
        Ok(())
    }

    /// Collects all that a resource lies in: its workspace and that one's organization, its parents and all that these
    /// lie in.
    fn climb(
        &self,
        uid: &EntityUid,
        resource: &ResourceFacts,
        ancestors: &mut HashSet<EntityUid>,
    ) -> Result<(), Misfit> {
        ancestors.insert(core_uid("Workspace", &resource.workspace));
        let workspace = self.facts.workspaces.get(&resource.workspace);
        ancestors.extend(
            workspace.and_then(|workspace| workspace.org.as_ref()).map(|org| core_uid("Organization", org)),
        );
        for id in &resource.parents {
            let Some(parent) = self.snapshot.uid(&id.kind, &id.id) else {
                return Err(format!(
                    "{uid} has a parent of type {}, which the schema does not declare",
                    id.kind
                ));
            };
            if ancestors.insert(parent.clone())
                && let Some(facts) = self.facts.resources.get(id)
            {
                self.climb(&parent, facts, ancestors)?;
            }
        }
        Ok(())
    }

    /// Users come last, when all share lists of the slice are known.
    fn finish(mut self) -> Result<Vec<Ready>, Misfit> {
        for id in std::mem::take(&mut self.users) {
            let Some(user) = self.facts.users.get(id) else { continue };
            let mut groups = HashSet::new();
            for role in included(&PLATFORM_ROLES, user.platform_role.as_deref().unwrap_or_default()) {
                groups.insert(core_uid("PlatformRole", role));
            }
            for (org, role) in &user.memberships {
                groups.extend(included(&ORG_ROLES, role).iter().map(|role| org_role(org, role)));
            }
            for (workspace, role) in &user.workspace_roles {
                groups.extend(
                    included(&WORKSPACE_ROLES, role).iter().map(|role| workspace_role(workspace, role)),
                );
            }
            for share in &self.shares {
                let names_user = match share.to.kind.as_str() {
                    "User" => share.to.id == user.id,
                    "Organization" => user.memberships.contains_key(&share.to.id),
                    "Workspace" => user.workspace_roles.contains_key(&share.to.id),
                    _ => false,
                };
                if names_user {
                    groups.insert(share_list(&share.on, &share.level));
                }
            }
            let due = user.approval_due_at.unwrap_or(self.now);
            self.push(
                &core_uid("User", id),
                vec![
                    ("status", reference(core_uid("AccountStatus", &user.status))),
                    ("email_verified", RestrictedExpression::new_bool(user.email_verified)),
                    ("password_must_change", RestrictedExpression::new_bool(user.password_must_change)),
                    ("approval_due_at", datetime(due)),
                ],
                groups,
            )?;
        }
        Ok(self.entities)
    }

    /// Takes in the shares on something that count now; an expired one stopped counting at its instant.
    fn collect_shares(&mut self, kind: &str, id: &str) -> ResourceId {
        let on = ResourceId { kind: kind.to_owned(), id: id.to_owned() };
        let counts = |share: &&ShareFacts| share.expires_at.is_none_or(|expiry| self.now < expiry);
        let shares = self.facts.shares.get(&on).into_iter().flatten().filter(counts);
        self.shares.extend(shares.collect::<Vec<_>>());
        on
    }

    fn is_shared_with_platform(&self, on: &ResourceId) -> bool {
        self.shares.iter().any(|share| share.on == *on && share.to.kind == "Platform")
    }

    fn push(
        &mut self,
        uid: &EntityUid,
        attributes: Vec<(&str, RestrictedExpression)>,
        parents: HashSet<EntityUid>,
    ) -> Result<(), Misfit> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let entity =
            Entity::new(uid.clone(), attributes, parents).map_err(|error| format!("{uid}: {error}"))?;
        self.entities.push(self.snapshot.ready(entity)?);
        Ok(())
    }
}

/// The entities that an application's attributes name: `{"type": …, "id": …}`, at any depth. What only looks like one
/// is looked up in vain.
pub(crate) fn entity_references(attributes: &Map<String, Value>) -> Vec<ResourceId> {
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
