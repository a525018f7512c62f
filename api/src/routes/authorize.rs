//! The main job: may this principal do this to that?

use std::sync::Arc;

use authz::{Explanation, Outcome, PolicyInfo, Reason};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tenancy::{Answer, Ask, Consistency, DecisionId, ResourceId, Revision};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Question, malformed, parse, said};
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// Most questions of a batch.
const MAX_BATCH: usize = 1_000;

/// A principal or resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityRef {
    /// A type of the policy folder.
    #[serde(rename = "type")]
    #[schema(example = "User")]
    kind: String,
    /// Its id.
    #[schema(example = "019aa000-0000-7000-8000-000000000001")]
    id: String,
}

impl From<EntityRef> for ResourceId {
    fn from(entity: EntityRef) -> Self {
        Self { kind: entity.kind, id: entity.id }
    }
}

/// One question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizeRequest {
    /// Who; the caller itself if left out.
    #[serde(default)]
    principal: Option<EntityRef>,
    /// Does what: an action of the policy folder.
    #[schema(example = "resource.read")]
    action: String,
    /// To what.
    resource: EntityRef,
    /// Under which circumstances, as the action declares: `mfa`, `ip`, … `now` is the server's.
    #[serde(default)]
    context: Map<String, Value>,
    /// How new the facts have to be.
    #[serde(default)]
    consistency: Option<ConsistencyField>,
    /// Say what every policy had to say.
    #[serde(default)]
    explain: bool,
}

impl AuthorizeRequest {
    fn ask(self) -> Ask {
        Ask {
            principal: self.principal.map(Into::into),
            action: self.action,
            resource: self.resource.into(),
            context: self.context,
        }
    }
}

/// The answer to one question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// `allow` or `deny`.
    #[schema(value_type = String, example = "allow")]
    decision: Outcome,
    /// The id of this decision.
    #[schema(value_type = uuid::Uuid)]
    decision_id: DecisionId,
    /// The policies that decided.
    #[schema(value_type = Vec<PolicyRefFields<'_>>)]
    policies: Vec<PolicyRef>,
    /// Why it is a deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
}

/// A policy that decided.
#[derive(Debug)]
struct PolicyRef(Arc<PolicyInfo>);

/// A policy that decided.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyRef)]
struct PolicyRefFields<'p> {
    /// `@id`
    #[schema(example = "content.shared.read")]
    id: &'p str,
    /// `@description`
    description: &'p str,
    /// `@code`, if it has one: the word for a refusal by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "account_expired")]
    code: Option<&'p str>,
    /// The file that it stands in.
    #[schema(example = "policies/content.cedar")]
    file: &'p str,
    /// The line that it starts at.
    line: usize,
}

impl Serialize for PolicyRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PolicyInfo { id, description, code, file, line, .. } = &*self.0;
        PolicyRefFields { id, description, code: code.as_deref(), file, line: *line }.serialize(serializer)
    }
}

/// Why an answer is deny.
#[derive(Debug, Serialize, ToSchema)]
struct ReasonView {
    /// For programs: `forbidden`, `no_policy_allows`, `unknown_principal`, `unknown_resource`, `unknown_action`,
    /// `not_applicable`, `invalid_context`, `incomplete_facts`, `evaluation_error`, `malformed`.
    code: &'static str,
    /// For people.
    message: String,
}

/// The answer, with the state that it was made from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorizeResponse {
    #[serde(flatten)]
    answer: DecisionView,
    /// The state of the store: not smaller than that of any write it has seen.
    #[schema(value_type = String, example = "742")]
    revision: Revision,
    /// The policies: equal on every replica that decides alike.
    policy_hash: String,
    /// What every policy had to say, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ExplanationView>)]
    explanation: Option<Value>,
}

/// What led to a decision.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `explanation` makes
struct ExplanationView {
    /// Policies that could have matched: those that did first, then near misses. Each with `id`, `description`,
    /// `effect`, `code` (if it has one), `file`, `line`, `said` (`matched`, `not_matched`, `error`) and `failed`, the
    /// parts that do not hold.
    policies: Vec<Value>,
    /// Policies about other actions or types.
    not_applicable: usize,
    /// The entities that were used, in Cedar's JSON format.
    entities: Vec<Value>,
}

/// How new the facts of an answer have to be: `"cached"`, `"fresh"`, or `{"at_least": "<revision>"}`.
///
/// Without a word, and with `cached`, they come from memory and are never older than the bound that is set
/// (`DOORWARD_MAX_STALENESS`). `fresh` reads them from the store. `at_least` takes the revision of a write
/// (`doorward-revision`) or of another answer: what that had seen is seen.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = Consistency, value_type = Object, example = json!({ "at_least": "742" }))]
pub(crate) struct ConsistencyField(Consistency);

impl<'de> Deserialize<'de> for ConsistencyField {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        enum Given {
            Cached,
            Fresh,
            AtLeast(String),
        }
        Ok(Self(match Given::deserialize(deserializer)? {
            Given::Cached => Consistency::Cached,
            Given::Fresh => Consistency::Fresh,
            Given::AtLeast(text) => {
                let wrong = |_| serde::de::Error::custom("at_least takes a revision, such as \"742\"");
                Consistency::AtLeast(text.parse().map_err(wrong)?)
            }
        }))
    }
}

/// What was asked for, or what is the rule.
fn consistency(field: Option<ConsistencyField>) -> Consistency {
    field.map_or(Consistency::default(), |ConsistencyField(given)| given)
}

/// Ask one question
///
/// A deny is an answer, never an HTTP error; so are unknown principals, resources and actions.
#[utoipa::path(
    post, path = "/api/v1/authorize", tag = "decisions",
    request_body = AuthorizeRequest,
    responses(
        (status = 200, description = "The decision", body = AuthorizeResponse),
        (status = 400, description = "Not a question", body = Problem),
        (status = 403, description = "The key may not ask", body = Problem),
        (status = 503, description = "The store does not answer, or has not come to the revision", body = Problem),
    ),
)]
pub(crate) async fn authorize(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(origin): Origin,
    Question(request): Question<AuthorizeRequest>,
) -> Result<axum::Json<AuthorizeResponse>, Problem> {
    let (db, consistency) = (app.db.serving(&origin), consistency(request.consistency));
    if request.explain {
        let told = db.explain(&caller, &request.ask(), consistency).await?;
        let (answer, explanation) = told.answers;
        return Ok(axum::Json(AuthorizeResponse {
            answer: answer.into(),
            revision: told.revision,
            policy_hash: told.policy_hash,
            explanation: Some(explanation_json(&explanation)),
        }));
    }
    let mut told = db.ask_items(&caller, &[Ok(request.ask())], consistency).await?;
    let Some(answer) = told.answers.pop() else {
        return Err(malformed(tenancy::FieldError { field: String::new(), message: "no question".into() }));
    };
    Ok(axum::Json(AuthorizeResponse {
        answer: answer.into(),
        revision: told.revision,
        policy_hash: told.policy_hash,
        explanation: None,
    }))
}

/// Questions to be answered together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRequest {
    /// Up to 1 000 questions, as of `/authorize` without `explain`.
    #[schema(value_type = Vec<AuthorizeRequest>)]
    requests: Vec<Box<RawValue>>,
    /// How new the facts have to be, for all of them.
    #[serde(default)]
    consistency: Option<ConsistencyField>,
}

/// Answers in the order of the questions, all from one state of store and policies.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchResponse {
    /// One for each question.
    decisions: Vec<DecisionView>,
    /// The state of the store.
    #[schema(value_type = String, example = "742")]
    revision: Revision,
    /// The policies.
    policy_hash: String,
}

/// Ask many questions at once
///
/// A question that is malformed gets a deny with reason `malformed` in its place; the others are answered.
#[utoipa::path(
    post, path = "/api/v1/authorize/batch", tag = "decisions",
    request_body = BatchRequest,
    responses(
        (status = 200, description = "The decisions", body = BatchResponse),
        (status = 400, description = "Not a list of questions, or more than 1 000", body = Problem),
        (status = 403, description = "The key may not ask", body = Problem),
        (status = 503, description = "The store does not answer, or has not come to the revision", body = Problem),
    ),
)]
pub(crate) async fn batch(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(origin): Origin,
    Question(batch): Question<BatchRequest>,
) -> Result<axum::Json<BatchResponse>, Problem> {
    if batch.requests.len() > MAX_BATCH {
        let message = format!("{} questions; the most is {MAX_BATCH}", batch.requests.len());
        return Err(malformed(tenancy::FieldError { field: "requests".into(), message }));
    }
    let asks: Vec<Result<Ask, String>> = batch.requests.iter().map(|request| item(request)).collect();
    let told = app.db.serving(&origin).ask_items(&caller, &asks, consistency(batch.consistency)).await?;
    Ok(axum::Json(BatchResponse {
        decisions: told.answers.into_iter().map(DecisionView::from).collect(),
        revision: told.revision,
        policy_hash: told.policy_hash,
    }))
}

/// One question of a batch, or what is wrong with it.
fn item(request: &RawValue) -> Result<Ask, String> {
    let request: AuthorizeRequest = parse(request.get().as_bytes()).map_err(|field| said(&field))?;
    if request.explain {
        return Err("explain: only single questions are explained".to_owned());
    }
    if request.consistency.is_some() {
        return Err("consistency: it is asked for all questions of a batch together".to_owned());
    }
    Ok(request.ask())
}

impl From<Answer> for DecisionView {
    fn from(answer: Answer) -> Self {
        Self {
            decision: answer.decision.outcome,
            decision_id: answer.id,
            reason: answer.decision.reason.as_ref().map(ReasonView::from),
            policies: answer.decision.policies.into_iter().map(PolicyRef).collect(),
        }
    }
}

impl From<&Reason> for ReasonView {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code(), message: reason.to_string() }
    }
}

fn explanation_json(explanation: &Explanation) -> Value {
    json!({
        "policies": explanation.opinions,
        "not_applicable": explanation.not_applicable,
        "entities": explanation.entities,
    })
}
