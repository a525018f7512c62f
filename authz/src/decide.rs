//! May this principal do this to that?

use std::fmt;
use std::sync::Arc;

use cedar_policy_core::entities::{Entities, NoEntitiesSchema, TCComputation};
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use serde::{Deserialize, Serialize};

use crate::closure::{self, Reach};
use crate::named;
use crate::pose::Posed;
use crate::ready::Ready;
use crate::snapshot::{Effect, PolicyInfo, Snapshot};

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
    /// Every [`Reason::code`].
    pub const CODES: [&'static str; 10] = [
        "forbidden",
        "no_policy_allows",
        "unknown_action",
        "unknown_principal",
        "unknown_resource",
        "not_applicable",
        "invalid_context",
        "incomplete_facts",
        "evaluation_error",
        "malformed",
    ];

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
    /// Whether some policy permits it, whatever others forbid.
    pub is_permitted: bool,
}

impl Decision {
    /// A deny that no policy was asked for.
    #[must_use]
    pub fn deny(reason: Reason) -> Self {
        Self { outcome: Outcome::Deny, policies: vec![], reason: Some(reason), is_permitted: false }
    }

    /// Whether the answer is allow.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

impl Snapshot {
    /// Decides. `facts` are the entities that the store knows about the question's references and what
    /// these refer to in turn; plans and actions are added here.
    ///
    /// Whatever cannot be evaluated or found is a deny with its reason, never an error and never skipped:
    /// Cedar itself passes over a policy that errs, and takes `in` on a missing entity for false.
    #[must_use]
    pub fn decide(&self, posed: &Posed, facts: &[Ready]) -> Decision {
        // Checked against another schema, by a caller that kept them over a reload.
        if facts.iter().any(|fact| fact.schema() != self.schema_mark) {
            let again = facts.iter().map(|fact| self.ready(fact.entity().as_ref().clone().into()));
            return match again.collect::<Result<Vec<_>, _>>() {
                Ok(facts) => self.decide(posed, &facts),
                Err(misfit) => Decision::deny(Reason::IncompleteFacts(misfit)),
            };
        }
        match closure::reach(self, posed, facts) {
            Ok(reach) => self.evaluate(posed, &reach),
            Err(reason) => Decision::deny(reason),
        }
    }

    /// Asks every policy that the question's types and anchors leave.
    fn evaluate(&self, posed: &Posed, reach: &Reach<'_>) -> Decision {
        let Some(kind) = posed.kind(self) else {
            return Decision::deny(Reason::NotApplicable("the question was posed to other policies".into()));
        };
        let entities = reach.entities.iter().map(|ready| Arc::clone(ready.entity()));
        let action = posed.request.action().and_then(|action| self.own.find(action, named::hash(action)));
        let action = action.map(|(_, action)| Arc::clone(action.entity()));
        let entities = match Entities::new().add_entities(
            entities.chain(action),
            None::<&NoEntitiesSchema>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        ) {
            Ok(entities) => entities,
            Err(error) => return Decision::deny(Reason::IncompleteFacts(chain(&error))),
        };
        let request = posed.request.as_ref().clone();
        let evaluator = Evaluator::new(request, &entities, Extensions::all_available());
        // What carries no facts has no ancestors either.
        let own = posed.named().hashes();
        let principal = reach.principal.map_or(&own[..1], Ready::lineage);
        let resource = reach.resource.map_or(&own[1..2], Ready::lineage);
        let (mut permits, mut forbids, mut errors) = (vec![], vec![], vec![]);
        for rule in self.slices.rules(kind, principal, resource) {
            match rule.holds(&evaluator) {
                Ok(true) if rule.info.effect == Effect::Permit => permits.push(Arc::clone(&rule.info)),
                Ok(true) => forbids.push(Arc::clone(&rule.info)),
                Ok(false) => {}
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            errors.sort();
            return Decision::deny(Reason::EvaluationError(errors.join("; ")));
        }
        let is_permitted = !permits.is_empty();
        let (outcome, reason, mut policies) = match (permits.is_empty(), forbids.is_empty()) {
            (_, false) => (Outcome::Deny, Some(Reason::Forbidden), forbids),
            (false, true) => (Outcome::Allow, None, permits),
            (true, true) => (Outcome::Deny, Some(Reason::NoPolicyAllows), vec![]),
        };
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        Decision { outcome, policies, reason, is_permitted }
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
