//! Cerbos: policies from a folder, facts with every request.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::connection::Place;
use crate::request::{Dialect, Request};
use crate::server::{self, Server};
use crate::world::{Document, Question, World};

const CERBOS: Dialect = Dialect { before: "EFFECT_", allow: "ALLOW" };

/// What it writes to its log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Log {
    /// Two lines for each request.
    AsShipped,
    /// Nothing, as long as all is well.
    WarningsOnly,
}

/// Starts the Cerbos that was fetched.
///
/// # Errors
/// It was not fetched, or ended.
pub(crate) fn start(downloads: &Path, log: Log) -> anyhow::Result<Server> {
    let program = downloads.join("cerbos/cerbos");
    anyhow::ensure!(program.exists(), "Cerbos was not fetched");
    let (place, other) = (server::free_port()?, server::free_port()?);
    let (Place::Tcp(http), Place::Tcp(grpc)) = (&place, other) else { unreachable!("these are ports") };
    let configuration = json!({
        "server": { "httpListenAddr": http.to_string(), "grpcListenAddr": grpc.to_string() },
        "storage": { "driver": "disk", "disk": {
            "directory": server::repository().join("bench/peers/cerbos"), "watchForChanges": false,
        } },
        "telemetry": { "disabled": true },
    });
    let folder = tempfile::tempdir()?;
    // JSON is YAML.
    fs::write(folder.path().join("cerbos.yaml"), configuration.to_string())?;
    let mut command = Command::new(program);
    command.args(["server", "--config", "cerbos.yaml"]);
    if let Log::WarningsOnly = log {
        command.arg("--log-level=warn");
    }
    Server::start(&mut command, place, "/_cerbos/health", folder)
}

/// A question as Cerbos takes it.
pub(crate) fn request(world: World, question: &Question) -> Request {
    let Question { user, action, document, mfa } = *question;
    // The roles in all workspaces, as a service would send them that does not know which one matters.
    let roles = (0..4).filter_map(|workspace| {
        let document = Document { org: user.org, number: workspace };
        Some((document.workspace(), Value::from(document.workspace_role(user)?)))
    });
    let shared = |wanted: &str| {
        let share = document.share(world).filter(|(_, level)| *level == wanted);
        share.map(|(grantee, _)| grantee.id()).into_iter().collect::<Vec<_>>()
    };
    let mut attributes = json!({
        "org": document.org(),
        "workspace": document.workspace(),
        "visibility": document.visibility(),
        "classification": document.classification(),
        "legal_hold": document.legal_hold(),
        "shared_viewers": shared("viewer"),
        "shared_editors": shared("editor"),
        "subscription_status": "active",
    });
    if let Some(owner) = document.owner() {
        attributes["owner"] = owner.id().into();
    }
    let body = json!({
        "requestId": "bench",
        "principal": { "id": user.id(), "roles": ["user"], "attr": {
            "status": user.status(),
            "email_verified": true,
            "password_must_change": false,
            "org": Document { org: user.org, number: 0 }.org(),
            "org_role": user.org_role(),
            "workspaces": roles.collect::<Map<String, Value>>(),
            "mfa": mfa,
        } },
        "resources": [{
            "actions": [action],
            "resource": { "kind": "document", "id": document.id(), "attr": attributes },
        }],
    });
    Request::new("POST", "/api/check/resources", &body.to_string(), vec![world.allows(question)], CERBOS)
}
