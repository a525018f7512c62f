//! Reading all of the log, oldest first, a part at a time.

use super::filter::Filter;
use super::query::{entries, plan_each};
use super::recorded::{Recorded, Row};
use super::{ReadsAudit, chain_of};
use crate::error::Result;
use crate::tx::{Authorized, Tx};

/// Most entries of a part.
const ENTRIES: i64 = 500;

/// Most details of a part, in bytes; the last entry may go beyond.
const BYTES: i64 = 1 << 20;

/// How far the reading has come. It ends where the chain ended when it began, however much is recorded meanwhile.
#[derive(Debug, Clone)]
pub struct Export {
    filter: Filter,
    /// The last entry that was read.
    after: i64,
    /// The last entry there was.
    end: Option<i64>,
}

impl Export {
    /// Of the entries that the filter wants.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the filter is not valid.
    pub fn new(filter: Filter) -> Result<Self> {
        filter.check()?;
        Ok(Self { filter, after: 0, end: None })
    }

    /// Goes on with the one chain that the proof opens. Each part wants a transaction and a proof of its own: between
    /// them there may be a slow reader, who must not keep a connection, and who may have lost the right to read.
    /// No entries: that was all.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store); what was read before is not all there is then.
    pub async fn next<A: ReadsAudit>(
        &mut self,
        tx: &mut Tx,
        allowed: &Authorized<A>,
    ) -> Result<Vec<Recorded>> {
        let chain = chain_of(allowed);
        let end = match self.end {
            Some(end) => end,
            None => sqlx::query_scalar!("select length from audit_chains where chain = $1", chain)
                .fetch_optional(tx.connection())
                .await?
                .unwrap_or_default(),
        };
        self.end = Some(end);
        plan_each(tx).await?;
        let rows: Vec<Row> = entries!("asc", chain, self.after, end + 1, self.filter, ENTRIES, BYTES)
            .fetch_all(tx.connection())
            .await?;
        self.after = rows.last().map_or(end, |last| last.seq);
        Ok(rows.into_iter().map(Recorded::from).collect())
    }
}
