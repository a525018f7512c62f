//! What is known of a decision when it has been made.

use std::sync::Arc;

use authz::{Outcome, PolicyInfo, Reason};
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::decision::Ask;
use crate::id::{DecisionId, ResourceId};
use crate::revision::Revision;

/// What the decisions of one request have in common.
#[derive(Debug)]
pub(crate) struct Occasion {
    /// Who asked.
    pub(crate) caller: Caller,
    /// `X-Request-Id`, if there is one.
    pub(crate) request: Option<Arc<str>>,
    /// The state of the store.
    pub(crate) revision: Revision,
    /// The policies.
    pub(crate) policy_hash: String,
    /// How long the questions of the request took, the store included, in microseconds.
    pub(crate) micros: u64,
}

/// A decision to be logged. Nothing is formatted yet: a request should not wait for that.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: DecisionId,
    pub(crate) occasion: Arc<Occasion>,
    /// The question; none for an item of a batch that is no question.
    pub(crate) ask: Option<Ask>,
    /// The organization that may read the entry: the one that the resource belongs to.
    pub(crate) org: Option<String>,
    /// Whether the organization is not to know why: somebody who has nothing to do with it was refused.
    pub(crate) is_withheld: bool,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    pub(crate) policies: Vec<Arc<PolicyInfo>>,
    /// The place in its batch.
    pub(crate) index: Option<usize>,
}

impl Entry {
    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let name = |id: &ResourceId| id.kind.len() + id.id.len();
        let ask = self.ask.as_ref().map_or(0, |ask| {
            ask.principal.as_ref().map_or(0, name)
                + name(&ask.resource)
                + ask.action.len()
                + object_size(&ask.context)
        });
        let reason = match &self.reason {
            Some(
                Reason::UnknownAction(text)
                | Reason::UnknownPrincipal(text)
                | Reason::UnknownResource(text)
                | Reason::NotApplicable(text)
                | Reason::InvalidContext(text)
                | Reason::IncompleteFacts(text)
                | Reason::EvaluationError(text)
                | Reason::Malformed(text),
            ) => text.len(),
            None | Some(Reason::Forbidden | Reason::NoPolicyAllows) => 0,
        };
        size_of::<Self>() + size_of::<Occasion>() + ask + reason + self.policies.len() * size_of::<usize>()
    }
}

/// About how many bytes a context takes.
pub(super) fn object_size(object: &Map<String, Value>) -> usize {
    object.iter().map(|(name, value)| size_of::<(String, Value)>() + name.len() + value_size(value)).sum()
}

/// What a value takes beside its own place.
fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| size_of::<Value>() + value_size(value)).sum(),
        Value::Object(object) => object_size(object),
    }
}
