//! cedar-agent: policies and facts from files, kept in memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::connection::Place;
use crate::request::{Dialect, Request};
use crate::server::{self, Server};
use crate::world::{DOCUMENTS, Document, Question, USERS, User, WORKSPACES, World};

const AGENT: Dialect = Dialect { before: "\"decision\":\"", allow: "Allow" };

const POLICIES: &str = include_str!("../../peers/cedar-agent.cedar");

/// Starts the cedar-agent that was fetched, with a world in it; none if it was not.
///
/// # Errors
/// It ended.
pub(crate) fn start(downloads: &Path, world: World) -> anyhow::Result<Option<Server>> {
    let program = downloads.join("cedar-agent/bin/cedar-agent");
    if !program.exists() {
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    let policies = POLICIES.split("\n\n").enumerate();
    let policies = policies.map(|(n, text)| json!({ "id": format!("policy{n}"), "content": text }));
    fs::write(folder.path().join("policies.json"), Value::from_iter(policies).to_string())?;
    fs::write(folder.path().join("data.json"), Value::from(entities(world)).to_string())?;
    let place = server::free_port()?;
    let Place::Tcp(address) = &place else { unreachable!("free_port gives a port") };
    let mut command = Command::new(program);
    command.args(["--port", &address.port().to_string(), "--log-level", "error"]);
    command.args(["--policies", "policies.json", "--data", "data.json"]);
    // Rocket has a log of its own.
    command.env("ROCKET_LOG_LEVEL", "off");
    Server::start(&mut command, place, "/v1/policies", folder).map(Some)
}

/// A question as cedar-agent takes it.
pub(crate) fn request(world: World, question: &Question) -> Request {
    let body = json!({
        "principal": format!("User::\"{}\"", question.user.id()),
        "action": format!("Action::\"{}\"", question.action),
        "resource": format!("Document::\"{}\"", question.document.id()),
        "context": { "mfa": question.mfa },
    });
    let expects = vec![world.allows(question)];
    Request::new("POST", "/v1/is_authorized", &body.to_string(), expects, AGENT)
}

/// Everything in a world that its policies look at.
fn entities(world: World) -> Vec<Value> {
    let orgs = 0..world.orgs;
    let users = orgs.clone().flat_map(|org| (0..USERS).map(move |number| User { org, number }));
    let documents = orgs.flat_map(|org| (0..DOCUMENTS).map(move |number| Document { org, number }));
    let documents: Vec<Document> = documents.collect();
    let user = |user: User| {
        let mut parents = vec![];
        if user.number < 2 {
            parents.push(json!({ "type": "OrgRole", "id": format!("{}/admin", user.org) }));
        }
        for number in 0..WORKSPACES {
            let workspace = Document { org: user.org, number };
            let Some(held) = workspace.workspace_role(user) else { continue };
            // A role includes those after it.
            let included = ["admin", "editor", "viewer"].into_iter().skip_while(|role| *role != held);
            parents.extend(included.map(|role| group("WorkspaceRole", &workspace.workspace(), role)));
        }
        for document in &documents {
            if let Some((_, level)) = document.share(world).filter(|(grantee, _)| *grantee == user) {
                parents.push(group("ShareList", &document.id(), level));
            }
        }
        json!({
            "uid": { "type": "User", "id": user.id() },
            "attrs": { "status": user.status(), "email_verified": true, "password_must_change": false },
            "parents": parents,
        })
    };
    let document = |document: &Document| {
        let role = |role: &str| json!({ "__entity": group("WorkspaceRole", &document.workspace(), role) });
        let shared = |level: &str| json!({ "__entity": group("ShareList", &document.id(), level) });
        let mut attributes = json!({
            "visibility": document.visibility(),
            "classification": document.classification(),
            "legal_hold": document.legal_hold(),
            "admins": role("admin"),
            "editors": role("editor"),
            "viewers": role("viewer"),
            "org_admins": { "__entity": { "type": "OrgRole", "id": format!("{}/admin", document.org) } },
            "shared_viewers": shared("viewer"),
            "shared_editors": shared("editor"),
        });
        if let Some(owner) = document.owner() {
            attributes["owner"] = json!({ "__entity": { "type": "User", "id": owner.id() } });
        }
        json!({
            "uid": { "type": "Document", "id": document.id() }, "attrs": attributes, "parents": [],
        })
    };
    users.map(user).chain(documents.iter().map(document)).collect()
}

/// Those who hold a role somewhere, or whom a thing is shared with.
fn group(kind: &str, of: &str, name: &str) -> Value {
    json!({ "type": kind, "id": format!("{of}/{name}") })
}
