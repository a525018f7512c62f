//! The audit log: who did what to what, in the same transaction, in chains that show every later change.

use authz::EntityUid;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::action::{Action, Target};
use crate::error::Result;
use crate::id::OrgId;
use crate::tx::{Authorized, Tx};

/// The chain of the platform; an organization's chain has the organization's id.
const PLATFORM: Uuid = Uuid::nil();

/// What a change did, for people to read: fields before and after, without secrets.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The fields before, or null where there was nothing.
    pub before: Value,
    /// The fields after, or null where nothing is left.
    pub after: Value,
}

impl Tx {
    /// Records what was done under a proof. `target` is the thing that changed, which for a creation is not yet the
    /// proof's.
    pub(crate) async fn record<A: Action>(
        &mut self,
        allowed: &Authorized<A>,
        org: Option<OrgId>,
        target: &EntityUid,
        change: Change,
    ) -> Result<()> {
        let chain = org.or_else(|| allowed.target().org()).map_or(PLATFORM, |org| org.0);
        let salt = self.random().bytes::<16>();
        let details = json!({
            "ip": self.request.ip,
            "before": change.before,
            "after": change.after,
        })
        .to_string();
        let actor = allowed.actor().uid();
        let entry = Entry {
            at: self.now().timestamp_micros(),
            actor_type: actor.type_name().to_string(),
            actor_id: actor.id().unescaped().to_owned(),
            action: A::NAME.to_owned(),
            target_type: target.type_name().to_string(),
            target_id: target.id().unescaped().to_owned(),
            request_id: self.request.id.clone(),
            decision_id: allowed.decision_id().0,
            details_hash: digest(&[&salt, details.as_bytes()]),
        };
        let at = self.now();
        append(self.connection(), chain, at, &entry, &salt, &details).await
    }
}

/// What the chain holds.
struct Entry {
    /// Microseconds since the epoch: as the store keeps them.
    at: i64,
    actor_type: String,
    actor_id: String,
    action: String,
    target_type: String,
    target_id: String,
    request_id: String,
    decision_id: Uuid,
    details_hash: Vec<u8>,
}

impl Entry {
    fn hash(&self, chain: Uuid, seq: i64, previous: &[u8]) -> Vec<u8> {
        digest(&[
            chain.as_bytes(),
            &seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            self.actor_type.as_bytes(),
            self.actor_id.as_bytes(),
            self.action.as_bytes(),
            self.target_type.as_bytes(),
            self.target_id.as_bytes(),
            self.request_id.as_bytes(),
            self.decision_id.as_bytes(),
            &self.details_hash,
            previous,
        ])
    }
}

/// A hash over parts, each with its length, so that no two lists of parts run together into the same bytes.
fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

async fn append(
    connection: &mut PgConnection,
    chain: Uuid,
    at: chrono::DateTime<chrono::Utc>,
    entry: &Entry,
    salt: &[u8],
    details: &str,
) -> Result<()> {
    // Taking the head's row lock makes writers of one chain queue up, and those of other chains not.
    let head = sqlx::query!(
        r#"insert into audit_chains (chain, length, head) values ($1, 0, '')
           on conflict (chain) do update set length = audit_chains.length
           returning length, head"#,
        chain
    )
    .fetch_one(&mut *connection)
    .await?;
    let seq = head.length + 1;
    let hash = entry.hash(chain, seq, &head.head);
    sqlx::query!(
        "insert into audit (chain, seq, at, actor_type, actor_id, action, target_type, target_id, request_id,
                            decision_id, details_hash, previous, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        chain,
        seq,
        at,
        entry.actor_type,
        entry.actor_id,
        entry.action,
        entry.target_type,
        entry.target_id,
        entry.request_id,
        entry.decision_id,
        entry.details_hash,
        head.head,
        hash,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into audit_details (chain, seq, salt, details) values ($1, $2, $3, $4)",
        chain,
        seq,
        salt,
        details
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("update audit_chains set length = $2, head = $3 where chain = $1", chain, seq, hash)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// A place where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The chain: an organization's id, or nil for the platform.
    pub chain: Uuid,
    /// The entry, from 1.
    pub seq: i64,
    /// What is wrong there.
    pub problem: &'static str,
}

impl crate::Db {
    /// Follows every chain from its start and compares all hashes. Returns how many entries there are, and where
    /// they do not hold.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn verify_audit(&self) -> Result<(usize, Vec<Break>)> {
        use futures::TryStreamExt as _;

        // Entries and ends of one moment, whatever is written meanwhile.
        let mut tx = self.pool().begin_with("begin isolation level repeatable read read only").await?;
        let mut entries = sqlx::query!(
            r#"select a.chain, a.seq, a.at, a.actor_type, a.actor_id, a.action, a.target_type, a.target_id,
                      a.request_id, a.decision_id, a.details_hash, a.previous, a.hash,
                      d.seq is not null as "has_details!", d.salt, d.details
               from audit a left join audit_details d on d.chain = a.chain and d.seq = a.seq
               order by a.chain, a.seq"#
        )
        .fetch(&mut *tx);
        let (mut count, mut breaks) = (0, vec![]);
        let mut tip: Option<(Uuid, i64, Vec<u8>)> = None;
        let mut tips = vec![];
        while let Some(row) = entries.try_next().await? {
            count += 1;
            let mut wrong = |problem| breaks.push(Break { chain: row.chain, seq: row.seq, problem });
            let (expected_seq, expected_previous) = match tip.take() {
                Some((chain, seq, hash)) if chain == row.chain => (seq + 1, hash),
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
                (Some(salt), Some(details)) if digest(&[salt, details.as_bytes()]) == entry.details_hash => {}
                _ => wrong("its details were changed"),
            }
            tip = Some((row.chain, row.seq, row.hash));
        }
        tips.extend(tip);
        drop(entries);
        let heads = sqlx::query!("select chain, length, head from audit_chains").fetch_all(&mut *tx).await?;
        for head in &heads {
            let end = tips.iter().find(|(chain, ..)| *chain == head.chain);
            if !end.is_some_and(|(_, seq, hash)| *seq == head.length && *hash == head.head) {
                let problem = "the end of the chain is missing";
                breaks.push(Break { chain: head.chain, seq: head.length, problem });
            }
        }
        for (chain, seq, _) in tips {
            if !heads.iter().any(|head| head.chain == chain) {
                breaks.push(Break { chain, seq, problem: "the chain is not registered" });
            }
        }
        Ok((count, breaks))
    }
}
