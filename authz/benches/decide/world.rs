//! A member, a document, and what they lie in.

use authz::{Entity, EntityUid, Question};
use cedar_policy::EntityId;
use serde_json::{Map, Value, json};

pub(crate) fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), EntityId::new(id))
}

/// A member reads a document.
pub(crate) fn question(context: Map<String, Value>) -> Question {
    Question {
        principal: uid("User", "una"),
        action: uid("Docs::Action", "read"),
        resource: uid("Docs::Document", "d"),
        context,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

fn entity(kind: &str, id: &str, attributes: &Value, parents: &[(&str, &str)]) -> Entity {
    let parents: Vec<_> = parents.iter().map(|(kind, id)| json!({ "type": kind, "id": id })).collect();
    let uid = json!({ "type": kind, "id": id });
    Entity::from_json_value(json!({ "uid": uid, "attrs": attributes, "parents": parents }), None).unwrap()
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "__entity": { "type": kind, "id": id } })
}

/// What the store would hand over: the user, the document, its workspace and its organization.
pub(crate) fn facts() -> Vec<Entity> {
    let time = json!({ "__extn": { "fn": "datetime", "arg": "2026-12-01T00:00:00Z" } });
    let user = json!({
        "status": reference("AccountStatus", "active"), "email_verified": true, "password_must_change": false,
        "second_factor": false, "approval_due_at": time,
    });
    let document = json!({
        "workspace": reference("Workspace", "w"), "classification": "public", "legal_hold": false,
        "shared_viewers": reference("ShareList", "d/viewers"), "shared_editors": reference("ShareList", "d/editors"),
    });
    let workspace = json!({
        "org": reference("Organization", "acme"), "visibility": reference("Visibility", "private"),
        "is_default": true, "shared_with_platform": false,
        "admins": reference("WorkspaceRole", "w/admin"), "editors": reference("WorkspaceRole", "w/editor"),
        "viewers": reference("WorkspaceRole", "w/viewer"),
        "shared_viewers": reference("ShareList", "w/viewers"), "shared_editors": reference("ShareList", "w/editors"),
    });
    let organization = json!({
        "owners": reference("OrgRole", "acme/owner"), "admins": reference("OrgRole", "acme/admin"),
        "managers": reference("OrgRole", "acme/manager"), "members": reference("OrgRole", "acme/member"),
        "plan": reference("Plan", "pro"), "usage": { "workspaces": 1, "agents": 2, "members": 3 },
        "subscription_status": reference("SubscriptionStatus", "active"), "trial_ends_at": time,
    });
    vec![
        entity("User", "una", &user, &[("OrgRole", "acme/member"), ("WorkspaceRole", "w/viewer")]),
        entity("Docs::Document", "d", &document, &[("Workspace", "w"), ("Organization", "acme")]),
        entity("Workspace", "w", &workspace, &[("Organization", "acme")]),
        entity("Organization", "acme", &organization, &[]),
    ]
}

/// The plan that the organization names; the snapshot adds its own.
pub(crate) fn plan() -> Option<Entity> {
    let plan = json!({ "sso": false, "dedicated_instance": false });
    Some(entity("Plan", "pro", &plan, &[]))
}
