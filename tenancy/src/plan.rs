//! What an organization's plan gives its applications.

use authz::{EntityUid, Snapshot, core_uid};

use crate::caller::Caller;
use crate::consistency::Consistency;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::facts::{Fact, Facts};

/// How often it is looked up again when the policies are changed meanwhile.
const TRIES: usize = 4;

/// How many requests the keys of an organization may make, all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The id of the organization.
    pub org: String,
    /// In a minute.
    pub requests_per_minute: u32,
}

/// What the caller's organization may ask, by the facts that decisions are made from: after the first time they come from
/// memory. None for people, the operator and the platform's keys, and where the plan has no limit.
///
/// # Errors
/// If the store does not answer.
pub async fn allowance(db: &Db, caller: &Caller) -> Result<Option<Allowance>> {
    if !matches!(caller, Caller::ApiKey(_)) {
        return Ok(None);
    }
    let key = caller.uid();
    for _ in 0..TRIES {
        let snapshot = db.snapshot();
        let view = db.view(&snapshot, vec![key.clone()], Consistency::Cached).await?;
        if let Some(view) = view {
            return Ok(of(&view.facts, &key, &snapshot));
        }
    }
    Err(Error::Unreachable)
}

fn of(facts: &Facts, key: &EntityUid, snapshot: &Snapshot) -> Option<Allowance> {
    let org = facts.org_of(key)?;
    let Fact::Organization(facts) = &facts.get(&core_uid("Organization", org))?.fact else { return None };
    let limits = snapshot.plans();
    let requests_per_minute = match limits.get(&facts.plan) {
        Some(plan) => plan.requests_per_minute?,
        // A plan that was taken out of the file: never more than the smallest gives.
        None => limits.values().filter_map(|plan| plan.requests_per_minute).min().unwrap_or_default(),
    };
    Some(Allowance { org: org.to_owned(), requests_per_minute })
}
