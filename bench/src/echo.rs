//! What HTTP and JSON cost by themselves: a server that takes a question as Doorward does, and answers without a
//! decision.

use std::net::SocketAddr;

use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Deserialize)]
struct Question {
    principal: Reference,
    action: String,
    resource: Reference,
    #[serde(default)]
    context: Map<String, Value>,
}

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Question>,
}

/// About as long as an answer of Doorward.
#[derive(Serialize)]
struct Answer {
    decision: &'static str,
    decision_id: &'static str,
    policies: Vec<Policy>,
}

#[derive(Serialize)]
struct Policy {
    id: String,
    description: &'static str,
    file: &'static str,
    line: usize,
}

#[derive(Serialize)]
struct State {
    revision: &'static str,
    policy_hash: &'static str,
}

const STATE: State = State {
    revision: "1000767",
    policy_hash: "982886f4cdeaf4e5052247f0db92fb5dffd8c7d9ff21905109d659de4dfdc00d",
};

#[derive(Serialize)]
struct Single {
    #[serde(flatten)]
    answer: Answer,
    #[serde(flatten)]
    state: State,
}

#[derive(Serialize)]
struct Answers {
    decisions: Vec<Answer>,
    #[serde(flatten)]
    state: State,
}

/// Serves until it is killed.
///
/// # Errors
/// The address is taken.
pub(crate) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/api/v1/authorize", post(single))
        .route("/api/v1/authorize/batch", post(batch));
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?)
}

async fn single(Json(question): Json<Question>) -> Json<Single> {
    Json(Single { answer: answer(question), state: STATE })
}

async fn batch(Json(batch): Json<Batch>) -> Json<Answers> {
    Json(Answers { decisions: batch.requests.into_iter().map(answer).collect(), state: STATE })
}

fn answer(question: Question) -> Answer {
    // Everything that came in has a part in the answer, so that nothing of it can be optimized away.
    let line = question.principal.kind.len()
        + question.principal.id.len()
        + question.resource.kind.len()
        + question.resource.id.len()
        + question.context.len();
    let policy = Policy {
        id: question.action,
        description: "Those whom an object or its workspace is shared with read it",
        file: "policies/content.cedar",
        line,
    };
    Answer { decision: "allow", decision_id: "01a1fcbf-ccdb-7fc2-adcb-345227e559a1", policies: vec![policy] }
}
