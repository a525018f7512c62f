//! The `cedar-policy` crate without Doorward, on the same questions: what a service could do with it in an afternoon.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema};
use serde_json::{Value, json};

/// The shipped folder as Cedar alone reads it.
pub(crate) struct Cedar {
    schema: Schema,
    policies: PolicySet,
    authorizer: Authorizer,
}

/// A question with everything that was made of it beforehand.
pub(crate) struct Prepared {
    request: Request,
    entities: Entities,
}

impl Cedar {
    /// # Errors
    /// The folder cannot be read or is broken.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let (schema, _) = Schema::from_cedarschema_str(&text(folder, "cedarschema")?)?;
        let policies = text(folder, "cedar")?.parse()?;
        Ok(Self { schema, policies, authorizer: Authorizer::new() })
    }

    /// Reads a question with its entities, as [`inline`] makes it.
    ///
    /// # Errors
    /// What does not fit the schema.
    pub(crate) fn prepare(&self, body: &[u8]) -> anyhow::Result<Prepared> {
        let mut body: Value = serde_json::from_slice(body)?;
        let mut part = |name: &str| body[name].take();
        let action = EntityUid::from_json(part("action"))?;
        let context = Context::from_json_value(part("context"), Some((&self.schema, &action)))?;
        let (principal, resource) =
            (EntityUid::from_json(part("principal"))?, EntityUid::from_json(part("resource"))?);
        let request = Request::new(principal, action, resource, context, Some(&self.schema))?;
        let entities = Entities::from_json_value(part("entities"), Some(&self.schema))?;
        Ok(Prepared { request, entities })
    }

    /// Whether the policies allow it.
    pub(crate) fn allows(&self, prepared: &Prepared) -> bool {
        let answer = self.authorizer.is_authorized(&prepared.request, &self.policies, &prepared.entities);
        answer.decision() == Decision::Allow
    }
}

/// A question that brings its entities along, from a question as the API takes it.
pub(crate) fn inline(question: &Value, entities: &Value) -> Value {
    let action = question["action"].as_str().unwrap_or_default();
    let (namespace, name) = action.rsplit_once("::").unwrap_or_default();
    json!({
        "principal": question["principal"],
        "action": { "type": format!("{namespace}::Action"), "id": name },
        "resource": question["resource"],
        "context": {
            "now": { "__extn": { "fn": "datetime", "arg": "2026-11-21T12:00:00Z" } },
            "mfa": question["context"]["mfa"].as_bool().unwrap_or_default(),
        },
        "entities": entities,
    })
}

/// Serves such questions until it is killed.
///
/// # Errors
/// The address is taken, or the folder is broken.
pub(crate) async fn serve(address: SocketAddr, folder: &Path) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/", post(answer))
        .with_state(Arc::new(Cedar::load(folder)?));
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?)
}

async fn answer(State(cedar): State<Arc<Cedar>>, body: Bytes) -> Result<Json<Value>, (StatusCode, String)> {
    let prepared = cedar.prepare(&body).map_err(|error| (StatusCode::BAD_REQUEST, format!("{error:#}")))?;
    Ok(Json(json!({ "decision": if cedar.allows(&prepared) { "allow" } else { "deny" } })))
}

/// All files with this extension that take part in decisions.
fn text(folder: &Path, extension: &str) -> anyhow::Result<String> {
    let mut paths: Vec<PathBuf> = vec![];
    for place in [folder.to_owned(), folder.join("apps")] {
        for entry in fs::read_dir(&place).with_context(|| place.display().to_string())? {
            paths.push(entry?.path());
        }
    }
    let wanted = paths.iter().filter(|path| path.extension().is_some_and(|found| found == extension));
    let texts: Vec<String> = wanted.map(fs::read_to_string).collect::<Result<_, _>>()?;
    Ok(texts.join("\n"))
}
