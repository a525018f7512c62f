//! Reading the log, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::filter::Filter;
use super::recorded::{Recorded, Row};
use super::{ReadsAudit, chain_of};
use crate::error::{Error, Result};
use crate::tx::{Authorized, Tx};

/// The entries of `$chain` between two numbers that `$filter` wants, in an order: the one statement that reads them.
/// It stops at `$limit` entries, and before one that has more than `$bytes` of details in front of it.
macro_rules! entries {
    ($order:literal, $chain:expr, $after:expr, $before:expr, $filter:expr, $limit:expr, $bytes:expr) => {
        sqlx::query_as!(
            Row,
            r#"select seq as "seq!", at as "at!", actor_type as "actor_type!", actor_id as "actor_id!",
                      action as "action!", target_type as "target_type!", target_id as "target_id!",
                      request_id as "request_id!", decision_id as "decision_id!", hash as "hash!",
                      details as "details?"
               from (
                   select a.*, d.details, sum(coalesce(octet_length(d.details), 0))
                              over (order by a.seq "#
                + $order
                + r#" rows between unbounded preceding and 1 preceding)
                          as bytes_before
                   from audit a left join audit_details d on d.chain = a.chain and d.seq = a.seq
                   where a.chain = $1 and a.seq > $2 and a.seq < $3
                     and ($4::text is null or a.actor_type = $4)
                     and ($5::text is null or a.actor_id = $5)
                     and ($6::text is null or a.action collate "C" = $6)
                     and ($7::text is null or starts_with(a.action collate "C", $7))
                     and ($8::text is null or a.target_type = $8)
                     and ($9::text is null or a.target_id = $9)
                     and ($10::text is null or a.request_id = $10)
                     and ($11::uuid is null or a.decision_id = $11)
                     and ($12::timestamptz is null or a.at >= $12)
                     and ($13::timestamptz is null or a.at < $13)
                   order by a.seq "#
                + $order
                + r#" limit $14) entries
               where coalesce(bytes_before, 0) < $15 order by seq "#
                + $order,
            $chain,
            $after,
            $before,
            $filter.actor_type.as_deref(),
            $filter.actor_id.as_deref(),
            $filter.exact(),
            $filter.prefix(),
            $filter.target_type.as_deref(),
            $filter.target_id.as_deref(),
            $filter.request_id.as_deref(),
            $filter.decision_id.map(|id| id.0),
            $filter.from,
            $filter.to,
            $limit,
            $bytes,
        )
    };
}
pub(super) use entries;

/// Where a list goes on: after this entry, towards older ones. What is recorded meanwhile is newer, and so no page
/// shows an entry twice; and entries of a chain are seen in the order of their numbers, so that none is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(i64);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let seq = bytes.map(i64::from_be_bytes).filter(|seq| *seq > 0);
        seq.map(Self).ok_or_else(|| Error::invalid("cursor", "not the next_cursor of an answer"))
    }
}

/// A page of the log.
#[derive(Debug, Clone)]
pub struct CursorPage {
    /// The entries, newest first.
    pub entries: Vec<Recorded>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

impl CursorPage {
    /// Largest page.
    pub const MAX: u32 = 200;
}

/// A page of the one chain that the proof opens, newest first.
///
/// # Errors
/// [`Error::Invalid`] if the filter or the limit is not valid; [`Error::Store`].
pub async fn list<A: ReadsAudit>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<CursorPage> {
    filter.check()?;
    if !(1..=CursorPage::MAX).contains(&limit) {
        return Err(Error::invalid("limit", format!("1 to {}", CursorPage::MAX)));
    }
    plan_each(tx).await?;
    let before = after.map_or(i64::MAX, |Cursor(seq)| seq);
    let rows: Vec<Row> =
        entries!("desc", chain_of(allowed), 0, before, filter, i64::from(limit) + 1, i64::MAX)
            .fetch_all(tx.connection())
            .await?;
    let has_more = rows.len() > limit as usize;
    let entries: Vec<Recorded> = rows.into_iter().take(limit as usize).map(Recorded::from).collect();
    let next = entries.last().filter(|_| has_more).map(|last| Cursor(last.seq));
    Ok(CursorPage { entries, next })
}

/// With a plan for all parameters there could be, Postgres would look at no index but the first.
pub(super) async fn plan_each(tx: &mut Tx) -> Result<()> {
    sqlx::query("set local plan_cache_mode = force_custom_plan").execute(tx.connection()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_not() {
        // proves AUD-2
        let cursor = Cursor(7);
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for bad in ["", "7", "AAAAAAAAAAA", "__________8", "AAAAAAAAAAc=", "AAAAAAAAAAcA", "../../etc"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
