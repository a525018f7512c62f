use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::month_of;
use super::record::Metric;
use crate::action::org;
use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::tx::{Authorized, Tx};

/// From how many percent of a limit on somebody is warned.
const WARNED_ABOVE: i64 = 80;

/// How much there is of something, and how much there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageItem {
    /// How much there is.
    pub current: i64,
    /// How much there may be; null: any number.
    pub limit: Option<i64>,
    /// How much of the limit that is, rounded down; more than 100 after a downgrade. Null without a limit, and where the
    /// limit is zero.
    pub percent: Option<i64>,
}

impl UsageItem {
    fn new(current: i64, limit: Option<u32>) -> Self {
        Self::of(current, limit.map(i64::from))
    }

    fn of(current: i64, limit: Option<i64>) -> Self {
        let percent = limit.filter(|limit| *limit > 0).map(|limit| current.saturating_mul(100) / limit);
        Self { current, limit, percent }
    }

    /// Whether more than 80 % are used.
    fn is_near(&self) -> bool {
        self.limit.is_some_and(|limit| {
            self.current.saturating_mul(100) > limit.saturating_mul(WARNED_ABOVE) || limit == 0
        })
    }

    fn is_reached(&self) -> bool {
        self.limit.is_some_and(|limit| self.current >= limit)
    }
}

/// What is counted, by the words of plans.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageItems {
    /// Workspaces.
    pub workspaces: UsageItem,
    /// Agents, in use or not.
    pub agents: UsageItem,
    /// Members, and invitations that may still be accepted.
    pub members: UsageItem,
    /// Messages of this month.
    pub messages_per_month: UsageItem,
    /// Bytes of all documents, with those that are announced and not there yet.
    pub storage_bytes: UsageItem,
}

/// What an organization uses of what its plan allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageReport {
    /// Whose it is.
    pub org_id: OrgId,
    /// The plan.
    pub plan: String,
    /// What the plan costs a month, in whole US dollars; null where it is agreed upon.
    pub price_usd: Option<u32>,
    /// The first day of the month that messages are counted in, which is UTC's.
    pub month: NaiveDate,
    /// What is counted.
    pub items: UsageItems,
    /// The items of which more than 80 % are used.
    pub warnings: Vec<&'static str>,
    /// The items of which there can be no more.
    pub reached: Vec<&'static str>,
    /// API requests in a minute; null: any number.
    pub requests_per_minute: Option<u32>,
    /// Whether there is single sign-on.
    pub sso: bool,
    /// Whether there can be dedicated instances.
    pub dedicated_instance: bool,
}

/// What an organization uses of what its plan allows.
///
/// # Errors
/// [`Error::Conflict`] `unknown_plan` if the policy folder has no such plan any more.
pub async fn report(tx: &mut Tx, allowed: &Authorized<org::ViewUsage>) -> Result<UsageReport> {
    let (org_id, now) = (*allowed.target(), tx.now());
    let month = month_of(now);
    // Counted as for policies: src/lookup.sql.
    let row = sqlx::query!(
        r#"select o.plan,
               (select count(*) from workspaces w where w.org_id = o.id and w.deleting_at is null) as "workspaces!",
               (select count(*) from agents a where a.org_id = o.id) as "agents!",
               (select count(*) from memberships m where m.org_id = o.id)
                   + (select count(*) from invitations i
                      where i.org_id = o.id and i.ended_at is null and i.expires_at > $2) as "members!",
               coalesce((select c.count from usage_counters c
                         where c.org_id = o.id and c.metric = $3 and c.month = $4), 0) as "messages!",
               coalesce((select s.used_bytes from storage_usage s where s.org_id = o.id), 0) as "stored!"
           from organizations o where o.id = $1"#,
        org_id.0,
        now,
        Metric::Messages.as_str(),
        month,
    )
    .fetch_one(tx.connection())
    .await?;
    let plan = tx
        .snapshot()
        .plans()
        .get(&row.plan)
        .ok_or_else(|| Error::conflict("unknown_plan", "plans.json has not this organization's plan"))?;
    let items = UsageItems {
        workspaces: UsageItem::new(row.workspaces, plan.workspaces),
        agents: UsageItem::new(row.agents, plan.agents),
        members: UsageItem::new(row.members, plan.members),
        messages_per_month: UsageItem::new(row.messages, plan.messages_per_month),
        storage_bytes: UsageItem::of(row.stored, plan.limit("storage_bytes")),
    };
    let named = [
        ("workspaces", items.workspaces),
        ("agents", items.agents),
        ("members", items.members),
        ("messages_per_month", items.messages_per_month),
        ("storage_bytes", items.storage_bytes),
    ];
    let those = |is: fn(&UsageItem) -> bool| {
        named.iter().filter(|(_, item)| is(item)).map(|(name, _)| *name).collect()
    };
    Ok(UsageReport {
        org_id,
        price_usd: plan.price_usd,
        month,
        items,
        warnings: those(UsageItem::is_near),
        reached: those(UsageItem::is_reached),
        requests_per_minute: plan.requests_per_minute,
        sso: plan.sso,
        dedicated_instance: plan.dedicated_instance,
        plan: row.plan,
    })
}
