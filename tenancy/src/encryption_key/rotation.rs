use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Sealed;
use crate::action::platform::RotateEncryptionKey;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::ConnectionId;
use crate::tx::{Authorized, Tx};

/// Most connections that are sealed anew in one transaction.
const AT_A_TIME: i64 = 100;

/// How far a rotation has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// The new key; to go on, name it again.
    pub key_id: Uuid,
    /// The last connection that was looked at; to go on, name it too. Null: all have been.
    pub after: Option<ConnectionId>,
    /// How many were sealed anew this time.
    pub resealed: usize,
    /// Those of this time whose credentials cannot be opened. They are left as they are, and want new ones.
    pub unreadable: Vec<ConnectionId>,
    /// How many are sealed with older keys still.
    pub remaining: i64,
    /// How many keys that seal nothing any more were removed.
    pub removed_keys: u64,
}

/// Makes a new key, which seals from now on. What there is, [`proceed`] seals anew.
///
/// # Errors
/// If the store does not answer.
pub async fn begin(tx: &mut Tx, allowed: &Authorized<RotateEncryptionKey>) -> Result<Uuid> {
    // Whoever seals with the key before has finished, or waits and finds the new one.
    sqlx::query("lock table encryption_keys in exclusive mode").execute(tx.connection()).await?;
    let (id, _) = super::make(tx).await?;
    let change = Change { after: json!({ "key_id": id }), ..Change::default() };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    Ok(id)
}

/// Seals some connections anew, those after `after`; removes keys that seal nothing any more. To be called in a transaction
/// of its own until it says that there is nothing after; whoever is cut off begins again with no `after`.
///
/// # Errors
/// [`Error::Conflict`] `superseded` if a newer key has been made: its rotation goes on with everything.
pub async fn proceed(
    tx: &mut Tx,
    _allowed: &Authorized<RotateEncryptionKey>,
    key_id: Uuid,
    after: Option<ConnectionId>,
) -> Result<Progress> {
    let newest =
        sqlx::query_scalar!("select id from encryption_keys order by seq desc limit 1 for key share")
            .fetch_optional(tx.connection())
            .await?;
    if newest != Some(key_id) {
        return Err(Error::conflict("superseded", "another rotation has made a newer key, and goes on"));
    }
    let rows = sqlx::query!(
        "select id, encryption_key_id, sealed from connections
         where encryption_key_id <> $1 and ($2::uuid is null or id > $2) order by id limit $3 for no key update",
        key_id,
        after.map(|id| id.0),
        AT_A_TIME,
    )
    .fetch_all(tx.connection())
    .await?;
    let (mut resealed, mut unreadable) = (0, vec![]);
    let after = rows.last().map(|row| ConnectionId(row.id));
    for row in rows {
        let id = ConnectionId(row.id);
        let old = Sealed { key: row.encryption_key_id, text: row.sealed };
        // The connection is locked, so its key stays.
        let key = sqlx::query_scalar!("select sealed from encryption_keys where id = $1", old.key)
            .fetch_optional(tx.connection())
            .await?;
        let Some(clear) = key.and_then(|key| super::open(tx, id, &old, &key).ok()) else {
            tracing::warn!(connection_id = %id, "credentials cannot be opened; they keep their key");
            unreadable.push(id);
            continue;
        };
        let new = super::seal(tx, id, clear.expose_secret()).await?;
        sqlx::query!(
            "update connections set encryption_key_id = $2, sealed = $3 where id = $1",
            id.0,
            new.key,
            new.text
        )
        .execute(tx.connection())
        .await?;
        resealed += 1;
    }
    let removed_keys = remove_unused(tx, key_id).await?;
    let remaining = sqlx::query_scalar!(
        r#"select count(*) as "count!" from connections where encryption_key_id <> $1"#,
        key_id
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(Progress { key_id, after, resealed, unreadable, remaining, removed_keys })
}

/// In two steps: who seals with a key at this moment is waited for, and seen by the second.
async fn remove_unused(tx: &mut Tx, newest: Uuid) -> Result<u64> {
    sqlx::query!("select id from encryption_keys where id <> $1 for update", newest)
        .fetch_all(tx.connection())
        .await?;
    let gone = sqlx::query!(
        "delete from encryption_keys k
         where k.seq < (select n.seq from encryption_keys n where n.id = $1)
           and not exists (select from connections c where c.encryption_key_id = k.id)",
        newest
    )
    .execute(tx.connection())
    .await?;
    Ok(gone.rows_affected())
}
