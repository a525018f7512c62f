//! Organizations: the tenants.

mod administer;
mod change;
mod field;
mod new;
mod register;
mod view;

pub use administer::{OrgNotice, name_for_owner, resume, set_plan, set_subscription, suspend};
pub use change::{OrganizationUpdate, update, update_billing};
pub use new::{NewOrganization, create};
pub use register::{Founded, Founder, register};
pub use view::{
    MyOrganization, OrgFilter, OrgSort, Organization, OrganizationDetails, WorkspaceSummary, details, get,
    list, mine,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::tx::Tx;
use crate::words::words;

words! {
    /// Whether an organization may change things.
    SubscriptionStatus {
        /// Until `trial_ends_at`.
        Trial = "trial",
        /// Paid for.
        Active = "active",
        /// Ended by the organization: read-only.
        Cancelled = "cancelled",
        /// Stopped by the platform: read-only.
        Suspended = "suspended",
    }
}

/// An organization as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedOrganization {
    pub id: OrgId,
    pub slug: String,
    pub name: String,
    /// A plan of plans.json.
    pub plan: String,
    pub subscription_status: SubscriptionStatus,
    /// Wanted for a trial.
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub trial_ends_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub created_at: Option<DateTime<Utc>>,
}

impl ImportedOrganization {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        if !tx.snapshot().plans().contains_key(&self.plan) {
            let known: Vec<&str> = tx.snapshot().plans().keys().map(String::as_str).collect();
            return Err(Error::invalid("plan", format!("no such plan; there are {}", known.join(", "))));
        }
        if self.subscription_status == SubscriptionStatus::Trial && self.trial_ends_at.is_none() {
            return Err(Error::invalid("trial_ends_at", "a trial has an end"));
        }
        let now = tx.now();
        sqlx::query!(
            "insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
             values ($1, $2, $3, $4, $5, coalesce($6::timestamptz, $8::timestamptz), $7)
             on conflict (id) do update set slug = $2, name = $3, plan = $4, subscription_status = $5,
                 trial_ends_at = coalesce($6, organizations.trial_ends_at),
                 resumes_as = case when $5 = 'suspended' then organizations.resumes_as end",
            self.id.0,
            self.slug,
            self.name,
            self.plan,
            self.subscription_status.as_str(),
            self.trial_ends_at,
            self.created_at.unwrap_or(now),
            now,
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}
