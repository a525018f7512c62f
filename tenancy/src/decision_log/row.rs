//! An entry as the table `decisions` holds it.

use authz::Outcome;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::entry::{Entry, object_size};
use super::masking::{Mask, storable};
use crate::id::ResourceId;

/// Longest texts, in bytes. Callers may send longer ones, and an entry of an index has to stay below 2 700 bytes.
const NAME: usize = 256;
const ID: usize = 2_048;

/// Longest context, in bytes. A longer one is left out: callers may send a megabyte with each question.
const CONTEXT: usize = 16 << 10;

/// A row.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) org_id: Option<Uuid>,
    pub(super) caller_type: String,
    pub(super) caller_id: String,
    pub(super) principal_type: Option<String>,
    pub(super) principal_id: Option<String>,
    pub(super) action: Option<String>,
    pub(super) resource_type: Option<String>,
    pub(super) resource_id: Option<String>,
    pub(super) context: Value,
    pub(super) masked: Vec<String>,
    pub(super) decision: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) policies: Vec<String>,
    pub(super) is_withheld: bool,
    pub(super) revision: String,
    pub(super) policy_hash: String,
    pub(super) request_id: Option<String>,
    pub(super) duration_us: i64,
    pub(super) batch_index: Option<i32>,
}

impl Row {
    /// Formats and masks an entry.
    pub(super) fn new(entry: &Entry, mask: &Mask) -> Self {
        let caller = entry.occasion.caller.uid();
        let (caller_type, caller_id) = (caller.type_name().to_string(), caller.id().unescaped().to_owned());
        let ask = entry.ask.as_ref();
        let principal = ask.map(|ask| match &ask.principal {
            Some(principal) => bounded(principal),
            None => (caller_type.clone(), caller_id.clone()),
        });
        let resource = ask.map(|ask| bounded(&ask.resource));
        let context = ask.map(|ask| &ask.context);
        let mut masked = mask.apply(context.unwrap_or(&Map::new()));
        if context.is_some_and(|context| object_size(context) > CONTEXT) {
            masked.context.clear();
            masked.paths = vec![format!("(everything: more than {CONTEXT} bytes)")];
        }
        // What is no question was not understood, so nothing in it could be masked.
        let message = entry.reason.as_ref().filter(|_| ask.is_some()).map(ToString::to_string);
        let message = message.map(|message| cut(&masked.message(message), ID));
        Self {
            id: entry.id.0,
            at: entry.id.time(),
            org_id: entry.org.as_deref().and_then(|org| org.parse().ok()),
            caller_type,
            caller_id,
            principal_type: principal.as_ref().map(|(kind, _)| kind.clone()),
            principal_id: principal.map(|(_, id)| id),
            action: ask.map(|ask| cut(&ask.action, NAME)),
            resource_type: resource.as_ref().map(|(kind, _)| kind.clone()),
            resource_id: resource.map(|(_, id)| id),
            context: Value::Object(masked.context),
            masked: masked.paths,
            decision: match entry.outcome {
                Outcome::Allow => "allow",
                Outcome::Deny => "deny",
            }
            .to_owned(),
            reason: entry.reason.as_ref().map(|reason| reason.code().to_owned()),
            message,
            policies: entry.policies.iter().map(|policy| cut(&policy.id, NAME)).collect(),
            is_withheld: entry.is_withheld,
            revision: entry.occasion.revision.to_string(),
            policy_hash: entry.occasion.policy_hash.clone(),
            request_id: entry.occasion.request.as_deref().map(|id| cut(id, NAME)),
            duration_us: i64::try_from(entry.occasion.micros).unwrap_or(i64::MAX),
            batch_index: entry.index.and_then(|index| i32::try_from(index).ok()),
        }
    }
}

fn bounded(id: &ResourceId) -> (String, String) {
    (cut(&id.kind, NAME), cut(&id.id, ID))
}

/// A text that the store can keep, with an ellipsis where it was cut.
fn cut(text: &str, longest: usize) -> String {
    let text = storable(text);
    if text.len() <= longest {
        return text;
    }
    format!("{}…", &text[..text.floor_char_boundary(longest - '…'.len_utf8())])
}
