//! A logged decision as it is shown, over HTTP and on standard output.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::row::Row;
use crate::id::{DecisionId, OrgId, ResourceId};

/// A logged decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = LoggedDecision)]
pub struct Logged {
    /// The id that the answer had.
    pub id: DecisionId,
    /// When it was made, to the millisecond.
    pub at: DateTime<Utc>,
    /// `allow` or `deny`.
    pub decision: String,
    /// Why it was a deny.
    pub reason: Option<LoggedReason>,
    /// The ids of the policies that decided.
    pub policies: Vec<String>,
    /// Who asked.
    pub caller: ResourceId,
    /// Who wanted to act; null for what was no question, as are action and resource.
    pub principal: Option<ResourceId>,
    /// What they wanted to do.
    pub action: Option<String>,
    /// What they wanted to do it to.
    pub resource: Option<ResourceId>,
    /// Under which circumstances, with some values masked.
    #[schema(value_type = Object)]
    pub context: Value,
    /// Where in the context something was masked.
    #[schema(example = json!(["device.ip"]))]
    pub masked: Vec<String>,
    /// The organization whose decision it is; null for the platform's.
    pub org_id: Option<OrgId>,
    /// The state of the store.
    pub revision: String,
    /// The policies.
    pub policy_hash: String,
    /// `X-Request-Id` of the request.
    pub request_id: Option<String>,
    /// How long the questions of the request took, the store included, in microseconds.
    pub duration_us: i64,
    /// The place in its batch, from 0; null if it was asked alone.
    pub batch_index: Option<i32>,
}

/// Why it was a deny.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoggedReason {
    /// For programs.
    pub code: String,
    /// For people; null for what was no question.
    pub message: Option<String>,
}

impl From<Row> for Logged {
    fn from(row: Row) -> Self {
        Self {
            id: DecisionId(row.id),
            at: row.at,
            decision: row.decision,
            reason: row.reason.map(|code| LoggedReason { code, message: row.message }),
            policies: row.policies,
            caller: ResourceId { kind: row.caller_type, id: row.caller_id },
            principal: entity(row.principal_type, row.principal_id),
            action: row.action,
            resource: entity(row.resource_type, row.resource_id),
            context: row.context,
            masked: row.masked,
            org_id: row.org_id.map(OrgId),
            revision: row.revision,
            policy_hash: row.policy_hash,
            request_id: row.request_id,
            duration_us: row.duration_us,
            batch_index: row.batch_index,
        }
    }
}

impl Logged {
    /// As the organization may see it: somebody who has nothing to do with it is told of as one who does not exist,
    /// which is what the organization's own key would have been answered.
    pub(super) fn withhold(mut self) -> Self {
        let stranger = self.principal.as_ref().map(|id| format!("there is no {}::{:?}", id.kind, id.id));
        self.reason = Some(LoggedReason { code: "unknown_principal".to_owned(), message: stranger });
        self.policies.clear();
        self
    }
}

fn entity(kind: Option<String>, id: Option<String>) -> Option<ResourceId> {
    Some(ResourceId { kind: kind?, id: id? })
}
