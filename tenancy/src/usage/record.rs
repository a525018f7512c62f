use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::month_of;
use crate::action::org;
use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::once::{self, Once};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// What is counted.
    Metric {
        /// Messages.
        Messages = "messages",
    }
}

/// Most that is counted at once.
const AMOUNT_MAX: i64 = 1_000_000_000;

/// Usage to be counted.
#[derive(Debug, Clone)]
pub struct NewUsage {
    /// Of what.
    pub metric: Metric,
    /// How much, 1 to 1 000 000 000.
    pub amount: i64,
    /// What tells it from other usage: the same key is the same usage.
    pub key: String,
}

/// Usage that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counted {
    /// Whose.
    pub org_id: OrgId,
    /// Of what.
    pub metric: Metric,
    /// How much.
    pub amount: i64,
    /// What tells it from other usage.
    pub key: String,
    /// The first day of the month that it was counted in, which is UTC's.
    pub month: NaiveDate,
    /// How much that month had with it.
    pub count: i64,
    /// When it was counted.
    pub created_at: DateTime<Utc>,
}

/// A counter that nobody else moves until the end of the transaction.
#[derive(Debug)]
pub struct Counting {
    org: OrgId,
    month: NaiveDate,
    new: NewUsage,
    count: i64,
    before: Option<Counted>,
}

impl Counting {
    /// What policies are told: what is counted by now with what is to be, and nothing if that was counted before.
    #[must_use]
    pub fn context(&self) -> Map<String, Value> {
        let messages = if self.before.is_some() { 0 } else { self.count };
        Map::from_iter([("messages".to_owned(), messages.into())])
    }
}

/// What policies are told of who would count nothing: whether they may count at all.
#[must_use]
pub fn nothing() -> Map<String, Value> {
    Map::from_iter([("messages".to_owned(), 0.into())])
}

/// Takes an organization's counter of this month. Nothing is counted yet: what policies say to [`Counting::context`]
/// decides.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be counted; [`Error::Conflict`] `key_reused` if the key came before with another
/// amount.
pub async fn begin(tx: &mut Tx, allowed: &Authorized<org::View>, new: NewUsage) -> Result<Counting> {
    once::check_key(&new.key)?;
    if !(1..=AMOUNT_MAX).contains(&new.amount) {
        return Err(Error::invalid("amount", format!("1 to {AMOUNT_MAX}")));
    }
    let (org, month) = (*allowed.target(), month_of(tx.now()));
    // An update that changes nothing locks the row.
    let count = sqlx::query_scalar!(
        "insert into usage_counters (org_id, metric, month) values ($1, $2, $3)
         on conflict (org_id, metric, month) do update set count = usage_counters.count returning count",
        org.0,
        new.metric.as_str(),
        month,
    )
    .fetch_one(tx.connection())
    .await?;
    let before = sqlx::query!(
        "select metric, amount, count, created_at from usage_records where org_id = $1 and key = $2",
        org.0,
        new.key,
    )
    .fetch_optional(tx.connection())
    .await?;
    let before = match before {
        Some(row) if (row.metric.as_str(), row.amount) != (new.metric.as_str(), new.amount) => {
            return Err(once::reused());
        }
        row => row.map(|row| Counted {
            org_id: org,
            metric: new.metric,
            amount: row.amount,
            key: new.key.clone(),
            month: month_of(row.created_at),
            count: row.count,
            created_at: row.created_at,
        }),
    };
    let count = count.saturating_add(new.amount);
    Ok(Counting { org, month, new, count, before })
}

/// Counts it, unless that was done before.
///
/// # Errors
/// [`Error::Conflict`] `contention` if the same key is counted in another month at the same time.
pub async fn record(
    tx: &mut Tx,
    allowed: &Authorized<org::RecordUsage>,
    counting: Counting,
) -> Result<Once<Counted>> {
    let Counting { org, month, new, count, before } = counting;
    if org != *allowed.target() {
        return Err(Error::NotFound("organization"));
    }
    if let Some(before) = before {
        return Ok(Once::Before(before));
    }
    let now = tx.now();
    sqlx::query!(
        "update usage_counters set count = $4 where org_id = $1 and metric = $2 and month = $3",
        org.0,
        new.metric.as_str(),
        month,
        count,
    )
    .execute(tx.connection())
    .await?;
    let inserted = sqlx::query!(
        "insert into usage_records (org_id, key, metric, amount, count, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (org_id, key) do nothing",
        org.0,
        new.key,
        new.metric.as_str(),
        new.amount,
        count,
        now,
    )
    .execute(tx.connection())
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(Error::conflict("contention", "another change was in the way; try again"));
    }
    let NewUsage { metric, amount, key } = new;
    Ok(Once::Now(Counted { org_id: org, metric, amount, key, month, count, created_at: now }))
}
