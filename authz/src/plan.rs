//! `plans.json`: what each plan allows, reviewed like the policies that compare against it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use cedar_policy::{Effect, Entity, RestrictedExpression};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::uid;

/// What one plan allows. A limit that is `null` is no limit; leaving one out is an error, so that nobody does it by
/// mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Workspaces of the organization.
    #[serde(deserialize_with = "Option::deserialize")]
    pub workspaces: Option<u32>,
    /// Agents of the organization, active or not.
    #[serde(deserialize_with = "Option::deserialize")]
    pub agents: Option<u32>,
    /// Members.
    #[serde(deserialize_with = "Option::deserialize")]
    pub members: Option<u32>,
    /// Messages in a calendar month.
    #[serde(deserialize_with = "Option::deserialize")]
    pub messages_per_month: Option<u32>,
    /// API requests in a minute.
    #[serde(deserialize_with = "Option::deserialize")]
    pub requests_per_minute: Option<u32>,
    /// Bytes of all documents of the organization.
    #[serde(deserialize_with = "Option::deserialize")]
    pub storage_bytes: Option<u64>,
    /// Price in whole US dollars a month; none where it is agreed upon.
    #[serde(deserialize_with = "Option::deserialize")]
    pub price_usd: Option<u32>,
    /// Single sign-on.
    pub sso: bool,
    /// An installation of their own.
    pub dedicated_instance: bool,
}

/// The plans, by name.
pub type Plans = BTreeMap<String, Plan>;

pub(crate) fn parse(source: &Source) -> Result<Plans, Diagnostic> {
    serde_json::from_str(&source.text).map(|Distinct(plans)| plans).map_err(|error| {
        let line_start: usize =
            source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        source.error(line_start + error.column().saturating_sub(1), error.to_string())
    })
}

/// Plans of which none is given twice: JSON would let the last one win.
struct Distinct(Plans);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PlansVisitor)
    }
}

struct PlansVisitor;

impl<'de> Visitor<'de> for PlansVisitor {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plans by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distinct, A::Error> {
        let mut plans = Plans::new();
        while let Some(name) = map.next_key::<String>()? {
            if plans.contains_key(&name) {
                return Err(A::Error::custom(format!("plan {name:?} is given twice")));
            }
            plans.insert(name, map.next_value()?);
        }
        Ok(Distinct(plans))
    }
}

impl Plan {
    /// The names of the limits.
    const LIMITS: [&str; 6] =
        ["workspaces", "agents", "members", "messages_per_month", "requests_per_minute", "storage_bytes"];

    /// The limit of this name, if the plan has one.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<i64> {
        let count = match name {
            "workspaces" => self.workspaces,
            "agents" => self.agents,
            "members" => self.members,
            "messages_per_month" => self.messages_per_month,
            "requests_per_minute" => self.requests_per_minute,
            // More than the policies' numbers can say is no limit that anybody reaches.
            "storage_bytes" => return Some(i64::try_from(self.storage_bytes?).unwrap_or(i64::MAX)),
            _ => None,
        };
        count.map(i64::from)
    }
}

/// Checks what stands in `@limit`.
///
/// # Errors
/// The message, when it is no limit of a plan, or stands on a permit.
pub(crate) fn check_limit(limit: &str, effect: Effect) -> Result<(), String> {
    if effect == Effect::Permit {
        return Err("@limit belongs on forbids: a permit holds nothing up".to_owned());
    }
    if !Plan::LIMITS.contains(&limit) {
        return Err(format!("@limit {limit:?} is no limit of a plan; there are {}", Plan::LIMITS.join(", ")));
    }
    Ok(())
}

/// The plans as entities of type `Plan`.
pub(crate) fn entities(plans: &Plans) -> Vec<Entity> {
    plans
        .iter()
        .filter_map(|(name, plan)| {
            let limits = Plan::LIMITS.map(|name| (name, plan.limit(name)));
            let attributes = limits
                .into_iter()
                .filter_map(|(name, limit)| Some((name.to_owned(), RestrictedExpression::new_long(limit?))))
                .chain([
                    ("sso".to_owned(), RestrictedExpression::new_bool(plan.sso)),
                    (
                        "dedicated_instance".to_owned(),
                        RestrictedExpression::new_bool(plan.dedicated_instance),
                    ),
                ])
                .collect();
            Entity::new(uid::core("Plan", name), attributes, HashSet::new()).ok()
        })
        .collect()
}
