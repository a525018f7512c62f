//! Writing the log.

use authz::EntityUid;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::chain::{Entry, details_hash};
use super::{Change, PLATFORM};
use crate::action::{Action, Target as _};
use crate::error::Result;
use crate::id::OrgId;
use crate::tx::{Authorized, Tx};

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
            details_hash: details_hash(&salt, &details),
        };
        let at = self.now();
        append(self.connection(), chain, at, &entry, &salt, &details).await
    }
}

async fn append(
    connection: &mut PgConnection,
    chain: Uuid,
    at: chrono::DateTime<chrono::Utc>,
    entry: &Entry,
    salt: &[u8],
    details: &str,
) -> Result<()> {
    // Taking the head's row lock makes writers of one chain queue up, and those of other chains not. It is held until
    // the commit, so that entries are seen in the order of their numbers.
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
    // After the entry: a trigger looks whether the head is its hash.
    sqlx::query!("update audit_chains set length = $2, head = $3 where chain = $1", chain, seq, hash)
        .execute(&mut *connection)
        .await?;
    Ok(())
}
