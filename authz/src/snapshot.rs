//! A policy folder as it was at one moment: parsed, validated, and never changed afterwards.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use cedar_policy::{EntityId, EntityUid, PolicyId, PolicySet, Schema};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Report};
use crate::folder;
use crate::kinds::Kinds;
use crate::load;
use crate::plan::Plans;
use crate::shelf::Shelf;
use crate::slices::Slices;
use crate::source::{Kind, Source};
use crate::types::EntityTypes;
use crate::uid;

/// Permit or forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The policy allows what it matches.
    Permit,
    /// The policy denies what it matches, whatever others permit.
    Forbid,
}

/// Where a policy stands and what it is for.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyInfo {
    /// `@id`
    pub id: String,
    /// `@description`
    pub description: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// `@code`, the word for a refusal by it that programs can rely on; on forbids only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `@limit`, the limit of plans.json that a forbid holds up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// The file, named from the policy folder's own name on.
    pub file: String,
    /// First line of the policy, annotations included; from 1.
    pub line: usize,
}

/// A file that takes part in decisions.
#[derive(Debug, Clone, Serialize)]
pub struct FileInfo {
    /// Named from the policy folder's own name on.
    pub file: String,
    /// Policies that stand in it.
    pub policies: usize,
}

/// Tells schemas apart: what was checked against one need not fit another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaMark(u128);

impl SchemaMark {
    pub(crate) fn of(sources: &[Source]) -> Self {
        let schema = folder::hash(sources.iter().filter(|source| source.kind == Kind::Schema));
        Self(u128::from_str_radix(&schema[..32], 16).unwrap_or_default())
    }
}

/// The policies, schema and plans that decisions are made with.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) schema: Schema,
    pub(crate) set: PolicySet,
    pub(crate) policies: HashMap<PolicyId, Arc<PolicyInfo>>,
    pub(crate) types: EntityTypes,
    pub(crate) actions: BTreeMap<String, EntityUid>,
    pub(crate) plans: Plans,
    /// What the folder itself brings to decisions: plans and actions.
    pub(crate) own: Shelf,
    pub(crate) kinds: Kinds,
    pub(crate) slices: Slices,
    pub(crate) schema_mark: SchemaMark,
    pub(crate) files: Vec<FileInfo>,
    pub(crate) hash: String,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Snapshot {
    /// Loads a folder. `actions` are those that the program itself asks about; a schema without one
    /// of them is refused.
    ///
    /// # Errors
    /// Everything that is wrong with the folder, with file, line and column.
    pub fn load(folder: &Path, actions: &[&str]) -> Result<Self, Report> {
        load::load(folder, actions)
    }

    /// A hash over the folder's files; equal on every replica that decides by the same texts.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// All policies, by file and line.
    #[must_use]
    pub fn policies(&self) -> Vec<Arc<PolicyInfo>> {
        let mut policies: Vec<_> = self.policies.values().cloned().collect();
        policies.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        policies
    }

    /// The files that take part in decisions.
    #[must_use]
    pub fn files(&self) -> &[FileInfo] {
        &self.files
    }

    /// What may not be as meant: policies that never match, mixed scripts and the like.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What each plan allows.
    #[must_use]
    pub fn plans(&self) -> &Plans {
        &self.plans
    }

    /// The uid of an entity, if the schema declares its type.
    #[must_use]
    pub fn uid(&self, type_name: &str, id: &str) -> Option<EntityUid> {
        let declared = self.types.named(type_name)?;
        Some(EntityUid::from_type_name_and_id(declared.name.clone(), EntityId::new(id)))
    }

    /// The uid of an action, by its name as people write it: `resource.read`, or an application's `Docs::read`,
    /// which is `Docs::Action::"read"` in policies. None if nothing can be asked about such an action.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<EntityUid> {
        self.actions.get(name).cloned()
    }

    /// Every action that something can be asked about, as [`Snapshot::action`] takes them.
    #[must_use]
    pub fn actions(&self) -> Vec<String> {
        self.actions.keys().cloned().collect()
    }

    /// The actions that a principal can be asked about on a resource, by the types of both, and with no more context than
    /// every question has; by name.
    #[must_use]
    pub fn actions_on(&self, principal: &EntityUid, resource: &EntityUid) -> Vec<String> {
        let applies =
            |action: &EntityUid| self.kinds.find(principal, action, resource).is_ok_and(|(_, bare)| bare);
        self.actions.iter().filter(|(_, action)| applies(action)).map(|(name, _)| name.clone()).collect()
    }

    /// Those of [`Snapshot::actions_on`] that are in a group of actions, such as `content.read`.
    #[must_use]
    pub fn actions_in(&self, group: &str, principal: &EntityUid, resource: &EntityUid) -> Vec<String> {
        let group = uid::core("Action", group);
        let members = self.kinds.select(|kind| kind.action.is_descendant_of(group.as_ref()));
        let applies = |action: &EntityUid| {
            self.kinds
                .find(principal, action, resource)
                .is_ok_and(|(kind, bare)| bare && members.contains(kind))
        };
        self.actions.iter().filter(|(_, action)| applies(action)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether applications bring this type, or it is `Resource`: its entities are registered resources.
    #[must_use]
    pub fn is_resource_type(&self, type_name: &str) -> bool {
        type_name == "Resource" || self.types.named(type_name).is_some_and(|declared| declared.is_application)
    }

    /// Whether entities of this kind carry attributes or ancestors: those that must be loaded.
    #[must_use]
    pub fn carries_facts(&self, uid: &EntityUid) -> bool {
        self.types.get(uid.type_name()).is_none_or(|declared| declared.carries_facts)
    }

    /// Whether an entity is none of those that a closed list names.
    pub(crate) fn is_off_list(&self, uid: &EntityUid) -> bool {
        let declared = self.types.get(uid.type_name());
        let ids = declared.and_then(|declared| declared.ids.as_ref());
        ids.is_some_and(|ids| !ids.iter().any(|id| id.as_str() == AsRef::<str>::as_ref(uid.id())))
    }
}

/// An action's name as people write it: without `Action::` and quotes.
#[must_use]
pub fn action_name(action: &EntityUid) -> String {
    let namespace = action.type_name().namespace();
    let id = action.id().unescaped();
    if namespace.is_empty() { id.to_owned() } else { format!("{namespace}::{id}") }
}

/// The actions that apply to something, by name; groups of actions do not.
pub(crate) fn actions(schema: &Schema) -> BTreeMap<String, EntityUid> {
    let applies =
        |action: &&EntityUid| schema.resources_for_action(action).is_some_and(|mut r| r.next().is_some());
    schema.actions().filter(applies).map(|action| (action_name(action), action.clone())).collect()
}
