//! Following the chains.

use futures::TryStreamExt as _;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::chain::{Entry, details_hash};
use super::recorded::hex;
use crate::db::Db;
use crate::error::Result;

/// A place where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The chain: an organization's id, or nil for the platform.
    pub chain: Uuid,
    /// The entry, from 1.
    pub seq: i64,
    /// What is wrong there.
    pub problem: &'static str,
}

/// The end of a chain. Whoever keeps it elsewhere can tell later whether the entries up to it are still the same: the
/// entry with this number must have this hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The chain: an organization's id, or nil for the platform.
    pub chain: Uuid,
    /// How many entries there are.
    pub length: i64,
    /// The hash of the last one, in hexadecimal digits.
    pub hash: String,
}

/// What came of following every chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How many entries there are in all chains.
    pub entries: usize,
    /// Where they do not hold.
    pub breaks: Vec<Break>,
    /// The ends that the store tells of, by chain.
    pub heads: Vec<Head>,
}

/// What an entry must go on from.
struct Tip {
    chain: Uuid,
    seq: i64,
    hash: Vec<u8>,
}

impl Db {
    /// Follows every chain from its start and compares all hashes. `progress` is told after each entry how many there
    /// were.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn verify_audit(&self, progress: impl FnMut(usize)) -> Result<Verification> {
        // Entries and ends of one moment, whatever is written meanwhile.
        let mut tx = self.pool().begin_with("begin isolation level repeatable read read only").await?;
        let mut breaks = vec![];
        let (entries, tips) = follow(&mut tx, &mut breaks, progress).await?;
        let heads = sqlx::query!("select chain, length, head from audit_chains order by chain")
            .fetch_all(&mut *tx)
            .await?;
        for head in &heads {
            let end = tips.iter().find(|tip| tip.chain == head.chain);
            if !end.is_some_and(|tip| tip.seq == head.length && tip.hash == head.head) {
                let problem = "the end of the chain is missing";
                breaks.push(Break { chain: head.chain, seq: head.length, problem });
            }
        }
        for tip in tips {
            if !heads.iter().any(|head| head.chain == tip.chain) {
                breaks.push(Break { chain: tip.chain, seq: tip.seq, problem: "the chain is not registered" });
            }
        }
        let heads = heads.into_iter().map(|head| Head {
            chain: head.chain,
            length: head.length,
            hash: hex(&head.head),
        });
        Ok(Verification { entries, breaks, heads: heads.collect() })
    }
}

/// Compares the hashes of all entries. Returns how many there are, and the last one of each chain.
async fn follow(
    connection: &mut PgConnection,
    breaks: &mut Vec<Break>,
    mut progress: impl FnMut(usize),
) -> Result<(usize, Vec<Tip>)> {
    let mut entries = sqlx::query!(
        r#"select a.chain, a.seq, a.at, a.actor_type, a.actor_id, a.action, a.target_type, a.target_id,
                  a.request_id, a.decision_id, a.details_hash, a.previous, a.hash,
                  d.seq is not null as "has_details!", d.salt, d.details
           from audit a left join audit_details d on d.chain = a.chain and d.seq = a.seq
           order by a.chain, a.seq"#
    )
    .fetch(connection);
    let mut count = 0;
    let mut tip: Option<Tip> = None;
    let mut tips = vec![];
    while let Some(row) = entries.try_next().await? {
        count += 1;
        progress(count);
        let mut wrong = |problem| breaks.push(Break { chain: row.chain, seq: row.seq, problem });
        let (expected_seq, expected_previous) = match tip.take() {
            Some(tip) if tip.chain == row.chain => (tip.seq + 1, tip.hash),
            other => {
                tips.extend(other);
                (1, vec![])
            }
        };
        if row.seq != expected_seq {
            wrong("entries before this one are missing");
        } else if row.previous != expected_previous {
            wrong("does not continue the entry before it");
        }
        let entry = Entry {
            at: row.at.timestamp_micros(),
            actor_type: row.actor_type,
            actor_id: row.actor_id,
            action: row.action,
            target_type: row.target_type,
            target_id: row.target_id,
            request_id: row.request_id,
            decision_id: row.decision_id,
            details_hash: row.details_hash,
        };
        if entry.hash(row.chain, row.seq, &row.previous) != row.hash {
            wrong("was changed");
        }
        // Details that were forgotten have neither salt nor text.
        match (&row.salt, &row.details) {
            _ if !row.has_details => wrong("its details are missing"),
            (None, None) => {}
            (Some(salt), Some(details)) if details_hash(salt, details) == entry.details_hash => {}
            _ => wrong("its details were changed"),
        }
        tip = Some(Tip { chain: row.chain, seq: row.seq, hash: row.hash });
    }
    tips.extend(tip);
    Ok((count, tips))
}
