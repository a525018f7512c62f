//! A policy folder that a test may ruin, and a small world to ask about.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use authz::{
    Decision, Diagnostic, Entity, EntityUid, Question, Ready, Reason, Report, RestrictedExpression, Snapshot,
};
use cedar_policy::Entities;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// People enter rooms of houses in streets of towns. Small, so that loading it costs milliseconds.
pub(crate) const SCHEMA: &str = r#"
entity Status enum ["active", "blocked"];
entity Service enum ["worker"];
entity Team;
entity Group in [Group];
entity User in [Team, Group] { status: Status, level: Long, boss?: User };
entity Town { name: String };
entity Street { town: Town };
entity House { street: Street };
entity Workspace in [House] { name: String };
entity Room in [Room, Workspace] { owner?: User, house?: House, size: Long, friends: Set<User>, label: String };
entity Hall enum ["main"];
type Asked = { now: datetime, mfa: Bool, ip?: ipaddr, guest?: User };
action "readOnly";
action "content";
action "content.read" in ["content", "readOnly"];
action "content.write" in ["content"];
action "content.manage" in ["content"];
action "room.enter" in ["content.read"] appliesTo { principal: [User, Service], resource: [Room], context: Asked };
action "room.paint" in ["content.write"] appliesTo { principal: [User], resource: [Room], context: Asked };
action "hall.enter" appliesTo { principal: [User, Service], resource: [Hall], context: Asked };
"#;

/// An application that brings notes, kept in workspaces.
pub(crate) const NOTES_SCHEMA: &str = r#"
namespace Notes {
  entity Note in [Workspace] { owner?: User, workspace: Workspace, pages: Long };
  entity Reader { pages: Long };
  action "list";
  action "read" in ["list", Action::"content.read"] appliesTo { principal: [User, Reader], resource: [Note], context: Asked };
}
"#;

/// A folder named `policies` in a temporary one.
pub(crate) struct Folder {
    _dir: TempDir,
    path: PathBuf,
}

impl Folder {
    /// Nothing in it.
    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("policies");
        fs::create_dir(&path).unwrap();
        Self { _dir: dir, path }
    }

    /// The small schema, no plans, and these policies in `rooms.cedar`.
    pub(crate) fn small(policies: &str) -> Self {
        Self::empty().with("core.cedarschema", SCHEMA).with("plans.json", "{}").with("rooms.cedar", policies)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path.join(name)).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Snapshot, Report> {
        Snapshot::load(&self.path, &[])
    }

    /// The snapshot of a folder that is in order.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.load().unwrap_or_else(|report| panic!("{report}"))
    }

    /// What is wrong with a folder that is not.
    pub(crate) fn findings(&self) -> Vec<Diagnostic> {
        self.load().expect_err("the folder should be refused").0
    }

    /// The only thing that is wrong with the folder.
    pub(crate) fn finding(&self) -> Diagnostic {
        let mut findings = self.findings();
        assert_eq!(findings.len(), 1, "{}", Report(findings));
        findings.remove(0)
    }
}

/// The folder that ships.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

/// `file:line:column` of a finding.
pub(crate) fn place(finding: &Diagnostic) -> String {
    format!("{}:{}:{}", finding.file, finding.line, finding.column)
}

/// A policy in proper form: `permit("any", "principal is User, action, resource", "when { … }")`.
pub(crate) fn permit(id: &str, scope: &str, conditions: &str) -> String {
    policy("permit", id, scope, conditions)
}

pub(crate) fn forbid(id: &str, scope: &str, conditions: &str) -> String {
    policy("forbid", id, scope, conditions)
}

fn policy(effect: &str, id: &str, scope: &str, conditions: &str) -> String {
    format!("@id(\"{id}\")\n@description(\"the policy {id}\")\n{effect} ({scope})\n{conditions};\n")
}

pub(crate) fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), authz_id(id))
}

fn authz_id(id: &str) -> cedar_policy::EntityId {
    cedar_policy::EntityId::new(id)
}

/// Noon of a day that no test depends on.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// May they do this action of the core?
pub(crate) fn question(principal: (&str, &str), action: &str, resource: (&str, &str)) -> Question {
    Question {
        principal: uid(principal.0, principal.1),
        action: match action.rsplit_once("::") {
            Some((namespace, id)) => uid(&format!("{namespace}::Action"), id),
            None => uid("Action", action),
        },
        resource: uid(resource.0, resource.1),
        context: Map::new(),
        now: noon(),
    }
}

/// Anna enters the kitchen.
pub(crate) fn anna_enters() -> Question {
    question(("User", "anna"), "room.enter", ("Room", "kitchen"))
}

pub(crate) fn with_context(mut question: Question, context: Value) -> Question {
    question.context = context.as_object().unwrap().clone();
    question
}

/// Poses and decides in one go; a question that cannot be posed is denied.
pub(crate) fn ask(snapshot: &Snapshot, question: &Question, facts: Vec<Entity>) -> Decision {
    match (snapshot.pose(question), ready(snapshot, facts)) {
        (Ok(posed), Ok(facts)) => snapshot.decide(&posed, &facts),
        (Ok(_), Err(misfit)) => Decision::deny(Reason::IncompleteFacts(misfit)),
        (Err(reason), _) => Decision::deny(reason),
    }
}

/// Facts, each with all its ancestors, checked against the schema.
pub(crate) fn ready(snapshot: &Snapshot, facts: Vec<Entity>) -> Result<Vec<Ready>, String> {
    let together = Entities::from_entities(facts, None).map_err(|error| error.to_string())?;
    together.iter().map(|entity| snapshot.ready(entity.clone())).collect()
}

/// The stable word for why it is deny.
pub(crate) fn code(decision: &Decision) -> &'static str {
    decision.reason.as_ref().map_or("allow", authz::Reason::code)
}

/// An entity by its JSON, unchecked; references are `{"__entity": {"type", "id"}}`.
pub(crate) fn entity(kind: &str, id: &str, attributes: Value, parents: &[(&str, &str)]) -> Entity {
    let parents: Vec<_> = parents.iter().map(|(kind, id)| json!({ "type": kind, "id": id })).collect();
    let uid = json!({ "type": kind, "id": id });
    Entity::from_json_value(json!({ "uid": uid, "attrs": attributes, "parents": parents }), None).unwrap()
}

pub(crate) fn reference(kind: &str, id: &str) -> Value {
    json!({ "__entity": { "type": kind, "id": id } })
}

/// A user of level 1.
pub(crate) fn user(id: &str, parents: &[(&str, &str)]) -> Entity {
    entity("User", id, json!({ "status": reference("Status", "active"), "level": 1 }), parents)
}

/// A room of 20 square metres, with further attributes.
pub(crate) fn room(id: &str, further: Value) -> Entity {
    let mut attributes = json!({ "size": 20, "friends": [], "label": "plain" });
    attributes.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    entity("Room", id, attributes, &[])
}

/// Anna of the cooks, and a kitchen.
pub(crate) fn anna_and_the_kitchen() -> Vec<Entity> {
    vec![user("anna", &[("Team", "cooks")]), room("kitchen", json!({}))]
}

/// An entity that has nothing.
pub(crate) fn bare(kind: &str, id: &str) -> Entity {
    let attributes = HashMap::<String, RestrictedExpression>::new();
    Entity::new(uid(kind, id), attributes, HashSet::new()).unwrap()
}
