//! What an organization's application may know of an answer: what concerns that organization.

use authz::{Decision, EntityUid, Reason, core_uid};
use serde_json::Value;

use super::{Session, Understood};
use crate::facts::Fact;
use crate::node::{Node, USER};

impl Session<'_> {
    /// Why a stranger is refused is not the organization's to know.
    pub(super) fn withhold(&self, question: &Understood, decision: Decision) -> Decision {
        match self.stranger(question) {
            Some(stranger) if !is_about_resource(&decision) => {
                Decision::deny(Reason::UnknownPrincipal(stranger))
            }
            _ => decision,
        }
    }

    /// The principal, or an entity that the context names, if the caller is confined to an organization and that one
    /// has nothing to do with it: not even whether they exist is the organization's to know.
    pub(super) fn stranger(&self, question: &Understood) -> Option<String> {
        self.stranger_to(self.confined.as_ref()?, question)
    }

    pub(super) fn stranger_to(&self, org: &str, question: &Understood) -> Option<String> {
        let principal = question.principal.as_ref()?;
        let in_context = question.posed.iter().flat_map(|posed| posed.references().iter().skip(2));
        let mut named = std::iter::once(principal).chain(in_context);
        named.find(|uid| !self.is_known_to(org, uid)).map(ToString::to_string)
    }

    /// Whether an entity belongs to an organization, or was let into something of it.
    fn is_known_to(&self, org: &str, uid: &EntityUid) -> bool {
        let facts = &self.view.facts;
        if *uid.type_name() == *USER {
            let id: &str = uid.id().unescaped();
            let is_member = facts.get(uid).is_some_and(
                |node| matches!(&node.fact, Fact::User(user) if user.memberships.contains_key(org)),
            );
            let is_let_in = |node: &Node| {
                node.shares.iter().any(|share| share.to.kind == "User" && share.to.id == id)
                    && facts.org_of(&node.uid) == Some(org)
            };
            return is_member || facts.nodes().any(|node| is_let_in(node));
        }
        !self.snapshot.carries_facts(uid) || facts.org_of(uid) == Some(org)
    }

    /// Leaves of an entity what concerns an organization; false if nothing does.
    pub(super) fn confine(&self, org: &str, entity: &mut Value) -> bool {
        let (kind, id) = (entity["uid"]["type"].as_str().unwrap_or_default(), entity["uid"]["id"].as_str());
        let Some(uid) = id.and_then(|id| self.snapshot.uid(kind, id)) else { return false };
        if kind == "User" && self.is_known_to(org, &uid) {
            if let Some(groups) = entity["parents"].as_array_mut() {
                groups.retain(|group| self.is_group_of(org, group));
            }
            return true;
        }
        kind == "Plan" || self.view.facts.org_of(&uid) == Some(org)
    }

    fn is_group_of(&self, org: &str, group: &Value) -> bool {
        let id = group["id"].as_str().unwrap_or_default();
        let of = id.split('/').next().unwrap_or_default();
        match group["type"].as_str() {
            Some("OrgRole") => of == org,
            Some("WorkspaceRole") => self.view.facts.org_of(&core_uid("Workspace", of)) == Some(org),
            // Only the lists of this question's own resource and workspace are in the slice.
            Some("ShareList") => true,
            _ => false,
        }
    }
}

/// Whether an answer says nothing of the principal but that they may, or that the resource is not there.
pub(super) fn is_about_resource(decision: &Decision) -> bool {
    matches!(
        decision.reason,
        None | Some(Reason::UnknownResource(_) | Reason::UnknownAction(_) | Reason::NotApplicable(_))
    )
}
