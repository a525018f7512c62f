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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    // proves PLN-1
    #[test]
    fn a_key_may_ask_what_its_organizations_plan_gives_and_an_unknown_plan_gives_the_least() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        let snapshot = Snapshot::load(&folder, &[]).expect("the policies that ship");
        let given = |plan: Option<&str>| {
            let mut facts = Facts::default();
            let key = json!({ "api_key": { "id": "key", "org": plan.map(|_| "acme"), "scopes": [] } });
            facts.add(serde_json::from_value(key).expect("a fact"));
            let org = json!({ "organization": {
                "id": "acme", "plan": plan.unwrap_or("free"), "subscription_status": "active", "trial_ends_at": null,
            }});
            facts.add(serde_json::from_value(org).expect("a fact"));
            of(&facts, &core_uid("ApiKey", "key"), &snapshot)
        };
        for (plan, requests_per_minute) in [("starter", 60), ("enterprise", 1_000), ("of old", 10)] {
            assert_eq!(given(Some(plan)), Some(Allowance { org: "acme".to_owned(), requests_per_minute }));
        }
        assert_eq!(given(None), None, "the platform's");
    }
}
