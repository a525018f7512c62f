//! A small tenant under the policies that ship, with a user who may be anything.

use authz::{Entity, Question, Snapshot};
use proptest::prelude::{Just, Strategy, any, prop};
use serde_json::{Value, json};

use crate::support::{entity, question, reference, with_context};

/// Groups that the user may be in.
const GROUPS: [(&str, &str); 10] = [
    ("OrgRole", "acme/owner"),
    ("OrgRole", "acme/admin"),
    ("OrgRole", "acme/manager"),
    ("OrgRole", "acme/member"),
    ("WorkspaceRole", "acme-open/admin"),
    ("WorkspaceRole", "acme-open/editor"),
    ("WorkspaceRole", "acme-open/viewer"),
    ("PlatformRole", "super_admin"),
    ("PlatformRole", "admin"),
    ("ShareList", "d/viewers"),
];

/// What is drawn anew for every case.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    groups: Vec<(&'static str, &'static str)>,
    user_status: &'static str,
    subscription: &'static str,
    visibility: &'static str,
    classification: &'static str,
    flags: [bool; 7],
}

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    let choose = |words: &'static [&'static str]| prop::sample::select(words);
    (
        prop::sample::subsequence(&GROUPS[..], 0..GROUPS.len()),
        // Active more often than not: the others can do next to nothing.
        prop::sample::select(vec![
            "active",
            "active",
            "active",
            "active",
            "pending",
            "expired",
            "deactivated",
            "disabled",
            "deleting",
        ]),
        choose(&["trial", "active", "cancelled", "suspended"]),
        choose(&["private", "org"]),
        choose(&["public", "secret"]),
        any::<[bool; 7]>(),
    )
        .prop_map(|(groups, user_status, subscription, visibility, classification, flags)| Drawn {
            groups,
            user_status,
            subscription,
            visibility,
            classification,
            flags,
        })
}

/// A few questions out of all that can be asked.
pub(crate) fn some_of(questions: Vec<Question>) -> impl Strategy<Value = Vec<Question>> {
    let count = questions.len();
    (Just(questions), prop::collection::vec(0..count, 8))
        .prop_map(|(questions, picks)| picks.into_iter().map(|pick| questions[pick].clone()).collect())
}

/// Every question that fits the schema, about the things of [`facts`].
pub(crate) fn questions(snapshot: &Snapshot) -> Vec<Question> {
    let principals = [
        ("User", "una"),
        ("ApiKey", "k"),
        ("Service", "worker"),
        ("Service", "operator"),
        ("Anonymous", "anonymous"),
        ("Docs::Robot", "bot"),
    ];
    let resources = [
        ("Platform", "doorward"),
        ("User", "una"),
        ("User", "otto"),
        ("Organization", "acme"),
        ("Membership", "acme/otto"),
        ("Workspace", "acme-open"),
        ("Resource", "r"),
        ("Agent", "helper"),
        ("ApiKey", "k"),
        ("Docs::Folder", "f"),
        ("Docs::Document", "d"),
    ];
    let contexts = [
        json!({}),
        json!({
            "mfa": true, "mfa_at": "2026-11-21T11:55:00Z", "authenticated_at": "2026-11-21T11:55:00Z",
            "ip": "10.0.0.1",
        }),
        json!({ "role": { "type": "OrgRoleName", "id": "admin" } }),
        json!({
            "scopes": [{ "type": "Scope", "id": "authorize" }], "authenticated_at": "2026-11-21T11:55:00Z",
        }),
    ];
    let mut found = vec![];
    for action in snapshot.actions() {
        for principal in principals {
            for resource in resources {
                let all = contexts
                    .iter()
                    .map(|context| with_context(question(principal, &action, resource), context.clone()));
                found.extend(all.filter(|question| snapshot.pose(question).is_ok()));
            }
        }
    }
    found
}

fn time(at: &str) -> Value {
    json!({ "__extn": { "fn": "datetime", "arg": at } })
}

fn user(id: &str, drawn: &Drawn, groups: &[(&str, &str)]) -> Entity {
    let attributes = json!({
        "status": reference("AccountStatus", drawn.user_status),
        "email_verified": drawn.flags[0] || drawn.flags[1],
        "password_must_change": drawn.flags[0] && drawn.flags[1],
        "second_factor": drawn.flags[3],
        "approval_due_at": time(if drawn.flags[2] { "2026-11-20T00:00:00Z" } else { "2026-11-22T00:00:00Z" }),
    });
    entity("User", id, attributes, groups)
}

/// Everything that there is.
pub(crate) fn facts(drawn: &Drawn) -> Vec<Entity> {
    let org_role = |role: &str| reference("OrgRole", &format!("acme/{role}"));
    let workspace_role = |role: &str| reference("WorkspaceRole", &format!("acme-open/{role}"));
    let shares = |of: &str, level: &str| reference("ShareList", &format!("{of}/{level}"));
    let in_workspace = [("Workspace", "acme-open")];
    let content = |id: &str, further: Value| {
        let mut attributes = json!({
            "workspace": reference("Workspace", "acme-open"),
            "shared_viewers": shares(id, "viewers"),
            "shared_editors": shares(id, "editors"),
        });
        attributes.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        if drawn.flags[3] {
            attributes["owner"] = reference("User", "una");
        }
        attributes
    };
    vec![
        user("una", drawn, &drawn.groups),
        user("otto", drawn, &[("OrgRole", "acme/member")]),
        entity(
            "Organization",
            "acme",
            json!({
                "owners": org_role("owner"), "admins": org_role("admin"),
                "managers": org_role("manager"), "members": org_role("member"),
                "plan": reference("Plan", if drawn.flags[4] { "free" } else { "enterprise" }),
                "usage": { "workspaces": 1, "agents": 2, "members": 1 },
                "subscription_status": reference("SubscriptionStatus", drawn.subscription),
                "trial_ends_at": time("2026-11-21T11:00:00Z"),
                "is_deleting": drawn.flags[6] && drawn.flags[0],
            }),
            &[],
        ),
        entity(
            "Membership",
            "acme/otto",
            json!({
                "org": reference("Organization", "acme"),
                "user": reference("User", "otto"),
                "role": reference("OrgRoleName", "member"),
            }),
            &[("Organization", "acme")],
        ),
        entity(
            "Workspace",
            "acme-open",
            json!({
                "org": reference("Organization", "acme"),
                "visibility": reference("Visibility", drawn.visibility),
                "is_default": drawn.flags[4],
                "admins": workspace_role("admin"), "editors": workspace_role("editor"),
                "viewers": workspace_role("viewer"),
                "shared_viewers": shares("acme-open", "viewers"),
                "shared_editors": shares("acme-open", "editors"),
                "shared_with_platform": drawn.flags[5],
                "is_deleting": drawn.flags[6] && drawn.flags[1],
            }),
            &[("Organization", "acme")],
        ),
        entity(
            "Agent",
            "helper",
            json!({
                "org": reference("Organization", "acme"),
                "license": reference("License", "proprietary"),
                "is_active": drawn.flags[5],
                "shared_viewers": shares("helper", "viewers"),
            }),
            &[],
        ),
        entity(
            "ApiKey",
            "k",
            json!({
                "scopes": [reference("Scope", "authorize")],
                "org": reference("Organization", "acme"),
                "is_revoked": drawn.flags[5],
            }),
            &[],
        ),
        entity("Resource", "r", content("r", json!({ "kind": "model" })), &in_workspace),
        entity("Docs::Folder", "f", content("f", json!({})), &in_workspace),
        entity(
            "Docs::Document",
            "d",
            content("d", json!({ "classification": drawn.classification, "legal_hold": drawn.flags[5] })),
            &in_workspace,
        ),
        entity(
            "Docs::Robot",
            "bot",
            json!({ "workspace": reference("Workspace", "acme-open"), "may_read": ["public"] }),
            &[],
        ),
    ]
}
