//! An entry of the log, as it is shown.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::id::{DecisionId, ResourceId};

/// An entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place in its chain, from 1.
    pub seq: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: ResourceId,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub target: ResourceId,
    /// `X-Request-Id`; empty for what nobody asked for over HTTP.
    pub request_id: String,
    /// The decision that allowed it.
    pub decision_id: DecisionId,
    /// The client's address; none over the control socket and for the worker, and once it was forgotten.
    pub ip: Option<String>,
    /// The fields before; null where there was nothing, and once they were forgotten.
    pub before: Value,
    /// The fields after; null where nothing was left, and once they were forgotten.
    pub after: Value,
    /// Its hash in the chain, in hexadecimal digits.
    pub hash: String,
}

/// A row of `audit` with its details.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) actor_type: String,
    pub(super) actor_id: String,
    pub(super) action: String,
    pub(super) target_type: String,
    pub(super) target_id: String,
    pub(super) request_id: String,
    pub(super) decision_id: Uuid,
    pub(super) hash: Vec<u8>,
    pub(super) details: Option<String>,
}

/// What stands beside the chain.
#[derive(Debug, Default, Deserialize)]
struct Details {
    ip: Option<String>,
    before: Value,
    after: Value,
}

impl From<Row> for Recorded {
    fn from(row: Row) -> Self {
        // Only somebody who tampered with them can have made them unreadable. That must not hide all other entries;
        // `doorward audit verify` tells of it.
        let details: Option<Details> =
            row.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let Details { ip, before, after } = details.unwrap_or_default();
        Self {
            seq: row.seq,
            at: row.at,
            actor: ResourceId { kind: row.actor_type, id: row.actor_id },
            action: row.action,
            target: ResourceId { kind: row.target_type, id: row.target_id },
            request_id: row.request_id,
            decision_id: DecisionId(row.decision_id),
            ip,
            before,
            after,
            hash: hex(&row.hash),
        }
    }
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
