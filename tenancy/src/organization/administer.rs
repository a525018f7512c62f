use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SubscriptionStatus;
use super::view::{Organization, find};
use crate::action::{Action, org};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId};
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::text::check_lines;
use crate::time;
use crate::tx::{Authorized, Tx};

/// Most characters of a reason.
const REASON_MAX: usize = 256;

/// What the platform did with an organization, as its owners are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgNotice {
    /// It is on another plan.
    Plan(String),
    /// Its subscription is in another state.
    Subscription(SubscriptionStatus),
    /// It was stopped.
    Suspended,
    /// It goes on.
    Resumed,
}

/// Puts an organization on another plan. What it has stays, also where the plan allows less.
///
/// # Errors
/// [`Error::Invalid`] if there is no such plan.
pub async fn set_plan(tx: &mut Tx, allowed: &Authorized<org::SetPlan>, plan: &str) -> Result<Organization> {
    if !tx.snapshot().plans().contains_key(plan) {
        let known: Vec<&str> = tx.snapshot().plans().keys().map(String::as_str).collect();
        return Err(Error::invalid("plan", format!("no such plan; there are {}", known.join(", "))));
    }
    let (id, now) = (*allowed.target(), tx.now());
    let before = find(tx, id, None).await?.organization;
    if before.plan == plan {
        return Ok(before);
    }
    sqlx::query!("update organizations set plan = $2, plan_updated_at = $3 where id = $1", id.0, plan, now)
        .execute(tx.connection())
        .await?;
    record(tx, allowed, json!({ "plan": before.plan }), json!({ "plan": plan })).await?;
    tell(tx, id, &OrgNotice::Plan(plan.to_owned())).await?;
    Ok(find(tx, id, None).await?.organization)
}

/// Changes the state of an organization's subscription.
///
/// # Errors
/// [`Error::Conflict`] while it is suspended; [`Error::Invalid`] for a trial without an end, and for `suspended`, which is
/// what [`suspend`] does.
pub async fn set_subscription(
    tx: &mut Tx,
    allowed: &Authorized<org::SetSubscription>,
    status: SubscriptionStatus,
    trial_ends_at: Option<DateTime<Utc>>,
) -> Result<Organization> {
    if status == SubscriptionStatus::Suspended {
        return Err(Error::invalid("subscription_status", "suspend the organization instead"));
    }
    if trial_ends_at.is_some_and(|end| !time::is_storable(end)) {
        return Err(Error::invalid("trial_ends_at", "must be before the year 10000"));
    }
    if trial_ends_at.is_some() && status != SubscriptionStatus::Trial {
        return Err(Error::invalid("trial_ends_at", "only a trial ends"));
    }
    let id = *allowed.target();
    let before = find(tx, id, None).await?.organization;
    if before.subscription_status == SubscriptionStatus::Suspended {
        return Err(Error::conflict("organization_suspended", "resume the organization first"));
    }
    let told = |organization: &Organization| {
        json!({
            "subscription_status": organization.subscription_status, "trial_ends_at": organization.trial_ends_at,
        })
    };
    sqlx::query!(
        "update organizations set subscription_status = $2, trial_ends_at = coalesce($3, trial_ends_at) where id = $1",
        id.0,
        status.as_str(),
        trial_ends_at,
    )
    .execute(tx.connection())
    .await?;
    let after = find(tx, id, None).await?.organization;
    if told(&before) != told(&after) {
        record(tx, allowed, told(&before), told(&after)).await?;
        tell(tx, id, &OrgNotice::Subscription(status)).await?;
    }
    Ok(after)
}

/// Stops an organization: it is read-only until it is resumed.
///
/// # Errors
/// [`Error::Conflict`] if it is stopped already; [`Error::Invalid`] for a reason that is too long.
pub async fn suspend(
    tx: &mut Tx,
    allowed: &Authorized<org::Suspend>,
    reason: Option<&str>,
) -> Result<Organization> {
    check_lines("reason", reason, REASON_MAX)?;
    let id = *allowed.target();
    let before = find(tx, id, None).await?.organization.subscription_status;
    if before == SubscriptionStatus::Suspended {
        return Err(Error::conflict("organization_suspended", "the organization is suspended already"));
    }
    sqlx::query!(
        "update organizations set resumes_as = subscription_status, subscription_status = 'suspended' where id = $1",
        id.0
    )
    .execute(tx.connection())
    .await?;
    let after = json!({ "subscription_status": SubscriptionStatus::Suspended, "reason": reason });
    record(tx, allowed, json!({ "subscription_status": before }), after).await?;
    tell(tx, id, &OrgNotice::Suspended).await?;
    Ok(find(tx, id, None).await?.organization)
}

/// Lets an organization go on, as it was before it was stopped.
///
/// # Errors
/// [`Error::Conflict`] if it is not stopped.
pub async fn resume(tx: &mut Tx, allowed: &Authorized<org::Resume>) -> Result<Organization> {
    let id = *allowed.target();
    let resumed = sqlx::query_scalar!(
        "update organizations set subscription_status = coalesce(resumes_as, 'active'), resumes_as = null
         where id = $1 and subscription_status = 'suspended' returning subscription_status",
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(after) = resumed else {
        return Err(Error::conflict("organization_not_suspended", "the organization is not suspended"));
    };
    let before = json!({ "subscription_status": SubscriptionStatus::Suspended });
    record(tx, allowed, before, json!({ "subscription_status": after })).await?;
    tell(tx, id, &OrgNotice::Resumed).await?;
    Ok(find(tx, id, None).await?.organization)
}

/// What an organization is called, for a mail to an owner; none if they own it no longer.
///
/// # Errors
/// If the store does not answer.
pub async fn name_for_owner(
    tx: &mut Tx,
    allowed: &Authorized<org::Mail>,
    owner: UserId,
) -> Result<Option<String>> {
    let name = sqlx::query_scalar!(
        "select o.name from organizations o join memberships m on m.org_id = o.id
         where o.id = $1 and m.user_id = $2 and m.role = 'owner' and m.suspended_at is null",
        allowed.target().0,
        owner.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(name)
}

/// Mails all owners.
async fn tell(tx: &mut Tx, org: OrgId, notice: &OrgNotice) -> Result<()> {
    let owners = sqlx::query_scalar!(
        "select user_id from memberships where org_id = $1 and role = 'owner' and suspended_at is null order by user_id",
        org.0
    )
    .fetch_all(tx.connection())
    .await?;
    for owner in owners {
        let mail = Mail::OrgNotice { user_id: UserId(owner), org_id: org, notice: notice.clone() };
        tx.enqueue(&SendMail(mail)).await?;
    }
    Ok(())
}

async fn record<A: Action<Target = OrgId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    before: Value,
    after: Value,
) -> Result<()> {
    tx.record(allowed, None, &allowed.uid(), Change { before, after }).await
}
