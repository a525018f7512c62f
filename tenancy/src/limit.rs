//! What an organization's plan allows, and how much of it there is.

use authz::{EntityUid, Snapshot, core_uid};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::facts::{Fact, Facts};

/// The refusal by a limit of plans.json that a policy holds up; none if what it limits is not known.
pub(crate) fn reached(
    snapshot: &Snapshot,
    facts: &Facts,
    resource: &EntityUid,
    limit: &str,
    context: &Map<String, Value>,
) -> Option<Error> {
    let org = core_uid("Organization", facts.org_of(resource)?);
    let Fact::Organization(org) = &facts.get(&org)?.fact else { return None };
    let current = match limit {
        "workspaces" => org.usage.workspaces,
        "agents" => org.usage.agents,
        "members" => org.usage.members,
        "messages_per_month" => context.get("messages")?.as_i64()?,
        // With what was to be stored, as for messages.
        "storage_bytes" => context.get("storage_bytes")?.as_i64()?,
        _ => return None,
    };
    let allowed = snapshot.plans().get(&org.plan)?.limit(limit)?;
    Some(Error::LimitReached { resource: limit.to_owned(), current, limit: allowed, plan: org.plan.clone() })
}
