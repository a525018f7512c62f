//! May this principal do this to that?

use std::fmt;
use std::sync::{Arc, LazyLock};

use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicyId, Request, RestrictedExpression};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::closure;
use crate::ready::Ready;
use crate::snapshot::{PolicyInfo, Snapshot, action_name};

static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);

/// One question, with everything that does not come from the store.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who wants to act.
    pub principal: EntityUid,
    /// What they want to do.
    pub action: EntityUid,
    /// What they want to do it to.
    pub resource: EntityUid,
    /// What the caller says about the request. `now` is not the caller's to say.
    pub context: Map<String, Value>,
    /// The time that policies compare with.
    pub now: DateTime<Utc>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

/// Why an answer is deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A policy forbids it.
    Forbidden,
    /// No policy permits it.
    NoPolicyAllows,
    /// The schema declares no such action.
    UnknownAction(String),
    /// There is no such principal, or the schema declares no such type.
    UnknownPrincipal(String),
    /// There is no such resource, or the schema declares no such type.
    UnknownResource(String),
    /// The action does not apply to principals or resources of these types.
    NotApplicable(String),
    /// The context does not fit the action.
    InvalidContext(String),
    /// Facts from the store do not fit the schema, or one that policies can reach is missing.
    IncompleteFacts(String),
    /// A policy could not be evaluated.
    EvaluationError(String),
    /// What was put is no question.
    Malformed(String),
}

impl Reason {
    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NoPolicyAllows => "no_policy_allows",
            Self::UnknownAction(_) => "unknown_action",
            Self::UnknownPrincipal(_) => "unknown_principal",
            Self::UnknownResource(_) => "unknown_resource",
            Self::NotApplicable(_) => "not_applicable",
            Self::InvalidContext(_) => "invalid_context",
            Self::IncompleteFacts(_) => "incomplete_facts",
            Self::EvaluationError(_) => "evaluation_error",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => write!(f, "a policy forbids it"),
            Self::NoPolicyAllows => write!(f, "no policy allows it"),
            Self::UnknownAction(action) => write!(f, "the schema declares no action {action}"),
            Self::UnknownPrincipal(principal) => write!(f, "there is no {principal}"),
            Self::UnknownResource(resource) => write!(f, "there is no {resource}"),
            Self::NotApplicable(detail)
            | Self::InvalidContext(detail)
            | Self::IncompleteFacts(detail)
            | Self::EvaluationError(detail)
            | Self::Malformed(detail) => write!(f, "{detail}"),
        }
    }
}

/// An answer, with the policies that determined it.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Allow or deny.
    pub outcome: Outcome,
    /// The permits that allow, or the forbids that deny; by id.
    pub policies: Vec<Arc<PolicyInfo>>,
    /// Why it is deny; none when it is allow.
    pub reason: Option<Reason>,
}

impl Decision {
    /// A deny that no policy was asked for.
    #[must_use]
    pub fn deny(reason: Reason) -> Self {
        Self { outcome: Outcome::Deny, policies: vec![], reason: Some(reason) }
    }

    /// Whether the answer is allow.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

/// A question that fits the schema, waiting for the facts about what it names.
#[derive(Debug)]
pub struct Posed {
    pub(crate) request: Request,
    references: Vec<EntityUid>,
}

impl Posed {
    /// The entities whose facts are wanted: principal, resource, and those that the context names.
    #[must_use]
    pub fn references(&self) -> &[EntityUid] {
        &self.references
    }
}

impl Snapshot {
    /// Checks a question against the schema.
    ///
    /// # Errors
    /// The reason to deny, if no policy could ever be asked.
    pub fn pose(&self, question: &Question) -> Result<Posed, Reason> {
        self.applies(question)?;
        if self.is_off_list(&question.principal) {
            return Err(Reason::UnknownPrincipal(question.principal.to_string()));
        }
        if self.is_off_list(&question.resource) {
            return Err(Reason::UnknownResource(question.resource.to_string()));
        }
        let context = self.context(question)?;
        let mut references = vec![question.principal.clone(), question.resource.clone()];
        for value in question.context.keys().filter_map(|key| context.get(key)) {
            closure::references(&value, &mut references);
        }
        let request = Request::new(
            question.principal.clone(),
            question.action.clone(),
            question.resource.clone(),
            context,
            Some(&self.schema),
        )
        .map_err(|error| Reason::InvalidContext(chain(&error)))?;
        Ok(Posed { request, references })
    }

    /// Decides. `facts` are the entities that the store knows about the question's references and what
    /// these refer to in turn; plans are added here.
    ///
    /// Whatever cannot be evaluated or found is a deny with its reason, never an error and never skipped:
    /// Cedar itself passes over a policy that errs, and takes `in` on a missing entity for false.
    #[must_use]
    pub fn decide(&self, posed: &Posed, facts: &[Ready]) -> Decision {
        match self.entities(posed, facts) {
            Ok(entities) => self.evaluate(&posed.request, &entities),
            Err(reason) => Decision::deny(reason),
        }
    }

    /// The facts, checked against the schema and for gaps.
    pub(crate) fn entities(&self, posed: &Posed, facts: &[Ready]) -> Result<Entities, Reason> {
        let facts =
            facts.iter().map(|ready| ready.entity().clone()).chain(self.plan_entities.iter().cloned());
        let entities = Entities::from_entities(facts, Some(&self.schema))
            .map_err(|error| Reason::IncompleteFacts(chain(&error)))?;
        closure::check(self, posed, &entities)?;
        Ok(entities)
    }

    pub(crate) fn evaluate(&self, request: &Request, entities: &Entities) -> Decision {
        let response = AUTHORIZER.is_authorized(request, &self.set, entities);
        let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        if !errors.is_empty() {
            errors.sort();
            return Decision::deny(Reason::EvaluationError(errors.join("; ")));
        }
        let mut policies: Vec<_> = response.diagnostics().reason().filter_map(|id| self.info(id)).collect();
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        match response.decision() {
            cedar_policy::Decision::Allow => Decision { outcome: Outcome::Allow, policies, reason: None },
            cedar_policy::Decision::Deny => {
                let reason = if policies.is_empty() { Reason::NoPolicyAllows } else { Reason::Forbidden };
                Decision { outcome: Outcome::Deny, policies, reason: Some(reason) }
            }
        }
    }

    pub(crate) fn info(&self, id: &PolicyId) -> Option<Arc<PolicyInfo>> {
        self.policies.get(id).cloned()
    }

    fn applies(&self, question: &Question) -> Result<(), Reason> {
        let action = action_name(&question.action);
        let (Some(mut principals), Some(mut resources)) = (
            self.schema.principals_for_action(&question.action),
            self.schema.resources_for_action(&question.action),
        ) else {
            return Err(Reason::UnknownAction(action));
        };
        let (principal, resource) = (question.principal.type_name(), question.resource.type_name());
        if !principals.any(|allowed| allowed == principal) || !resources.any(|allowed| allowed == resource) {
            return Err(Reason::NotApplicable(format!(
                "action {action} does not apply to principal {principal} and resource {resource}"
            )));
        }
        Ok(())
    }

    /// The caller's context with the server's time; without a word about it, no second factor was confirmed.
    fn context(&self, question: &Question) -> Result<Context, Reason> {
        let invalid = |message: String| Reason::InvalidContext(message);
        if question.context.contains_key("now") {
            return Err(invalid("context.now is the server's clock and cannot be set".into()));
        }
        let mut own = vec![("now".to_owned(), datetime(question.now))];
        if !question.context.contains_key("mfa") {
            own.push(("mfa".to_owned(), RestrictedExpression::new_bool(false)));
        }
        let own = Context::from_pairs(own).map_err(|error| invalid(error.to_string()))?;
        if question.context.is_empty() {
            return Ok(own);
        }
        // The schema guides the parse, so that "10.0.0.1" becomes an address and {"type", "id"} an
        // entity; it insists on all required attributes, so the server's stand in for a moment.
        let mut given = question.context.clone();
        given.insert("now".into(), Value::String(rfc3339(question.now)));
        given.entry("mfa").or_insert(Value::Bool(false));
        Context::from_json_value(Value::Object(given), Some((&self.schema, &question.action)))
            .map_err(|error| invalid(format!("context does not fit the action: {}", chain(&error))))
    }
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// A time as Cedar takes it: UTC, in milliseconds.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time as an attribute's value.
#[must_use]
pub fn datetime(time: DateTime<Utc>) -> RestrictedExpression {
    RestrictedExpression::new_datetime(rfc3339(time))
}

/// A time as a context's value.
#[must_use]
pub fn datetime_json(time: DateTime<Utc>) -> Value {
    Value::String(rfc3339(time))
}
