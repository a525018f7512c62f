//! What an application's files may say. They speak of their own namespace and join the three content
//! groups; nothing that an application drops into the folder changes a decision about anything else.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::types::Namespace;

/// The groups of the core that an application's actions may join.
const OPEN_GROUPS: [&str; 3] = ["content.read", "content.write", "content.manage"];

/// Which application declared which namespace.
#[derive(Default)]
pub(crate) struct Owners(HashMap<String, String>);

impl Owners {
    /// The application that a namespace belongs to; none for the core's.
    pub(crate) fn owner(&self, namespace: &str) -> Option<&str> {
        self.0.get(namespace).map(String::as_str)
    }

    /// Checks the namespaces of one schema file, and remembers whose they are.
    pub(crate) fn check_schema(
        &mut self,
        source: &Source,
        namespaces: &HashMap<String, Namespace>,
    ) -> Vec<Diagnostic> {
        let mut findings = vec![];
        let mut error = |near: &str, message: String| {
            findings.push(source.error(source.text.find(near).unwrap_or(0), message));
        };
        for (name, declared) in namespaces {
            let Some(app) = &source.app else {
                if !name.is_empty() {
                    error(
                        name,
                        format!("namespace {name} belongs under apps/: the core is the empty namespace"),
                    );
                }
                continue;
            };
            if name.is_empty() {
                error(
                    "entity",
                    format!("application {app} declares outside a namespace; wrap it in `namespace`"),
                );
                continue;
            }
            let owner = self.0.entry(name.clone()).or_insert_with(|| app.clone());
            if owner != app {
                error(name, format!("namespace {name} already belongs to application {owner}"));
            }
            for (entity, declaration) in &declared.entity_types {
                if declaration.tags.is_some() {
                    error(entity, format!("entity {name}::{entity} declares tags; use attributes instead"));
                }
            }
            for (action, declaration) in &declared.actions {
                for group in declaration.member_of.iter().flatten() {
                    let kind = group.kind.as_deref().unwrap_or("Action");
                    // Cedar looks in the action's own namespace first.
                    let is_core = kind == "Action" && !declared.actions.contains_key(&group.id);
                    if is_core && !OPEN_GROUPS.contains(&group.id.as_str()) {
                        error(
                            &format!("\"{action}\""),
                            format!(
                                "action {name}::\"{action}\" joins {:?}; an application's actions may join {} only",
                                group.id,
                                OPEN_GROUPS.join(", ")
                            ),
                        );
                    } else if kind != "Action" && kind != format!("{name}::Action") {
                        error(
                            &format!("\"{action}\""),
                            format!(
                                "action {name}::\"{action}\" joins a group of another application, {kind}"
                            ),
                        );
                    }
                }
            }
        }
        findings
    }

    /// Checks that an application's policy is confined to its own actions or resources.
    ///
    /// # Errors
    /// The message, when it is not.
    pub(crate) fn check_policy(&self, app: &str, policy: &Policy) -> Result<(), String> {
        let own_namespaces: HashSet<&str> =
            self.0.iter().filter(|(_, owner)| *owner == app).map(|(name, _)| name.as_str()).collect();
        let own_type = |name: &EntityTypeName| own_namespaces.contains(name.namespace().as_str());
        let own = |uid: &EntityUid| own_type(uid.type_name());

        let own_actions = match policy.action_constraint() {
            ActionConstraint::Any => false,
            ActionConstraint::Eq(action) => own(&action),
            ActionConstraint::In(actions) => !actions.is_empty() && actions.iter().all(own),
        };
        let own_resource = match policy.resource_constraint() {
            ResourceConstraint::Any => false,
            ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => own_type(&kind),
            ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) => own(&uid),
        };
        let own_principal = match policy.principal_constraint() {
            PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => own_type(&kind),
            PrincipalConstraint::Eq(uid) => own(&uid),
            PrincipalConstraint::Any | PrincipalConstraint::In(_) => false,
        };
        if own_actions || own_resource || own_principal {
            return Ok(());
        }
        Err(format!(
            "application {app} may only speak of its own namespace: name its actions, or a resource of one of its types, in the scope"
        ))
    }
}
