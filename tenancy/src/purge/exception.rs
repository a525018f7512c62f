//! What could not be reached or erased. It is told in the receipt, and holds nothing up.

use serde_json::Value;

use super::{PurgeException, PurgeStep, PurgeStore};
use crate::action::purge;
use crate::error::{Error, Result};
use crate::id::{ConnectionId, PurgeId};
use crate::tx::{Authorized, Tx};

/// Gives a whole store up.
///
/// # Errors
/// If the store does not answer.
pub async fn give_up(
    tx: &mut Tx,
    allowed: &Authorized<purge::Run>,
    place: PurgeStore,
    error: &str,
) -> Result<()> {
    super::withdraw(tx, allowed, place).await?;
    except(tx, place, None, error).await
}

/// Gives one object up, with its intent.
///
/// # Errors
/// If the store does not answer.
pub async fn give_up_one(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    place: PurgeStore,
    intent: i64,
    error: &str,
) -> Result<()> {
    let remains = sqlx::query_scalar!(
        "delete from purge_intents where purge_id = $1 and id = $2 returning remains",
        place.purge.0,
        intent,
    )
    .fetch_optional(tx.connection())
    .await?;
    match remains {
        Some(remains) => except(tx, place, Some(remains), error).await,
        None => Ok(()),
    }
}

/// Whether a whole store was given up.
///
/// # Errors
/// If the store does not answer.
pub async fn is_given_up(tx: &mut Tx, _: &Authorized<purge::Run>, place: PurgeStore) -> Result<bool> {
    let found = sqlx::query!(
        "select from purge_exceptions
         where purge_id = $1 and step = $2 and connection_id is not distinct from $3 and remains is null",
        place.purge.0,
        place.step.as_str(),
        place.connection.map(|id| id.0),
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(found.is_some())
}

/// Takes back what was said of the store of the installation: it is looked through again, and may be well by now.
///
/// # Errors
/// If the store does not answer.
pub async fn try_again(tx: &mut Tx, _: &Authorized<purge::Run>, purge: PurgeId) -> Result<()> {
    sqlx::query!("delete from purge_exceptions where purge_id = $1 and connection_id is null", purge.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// All that were met, in their order.
pub(super) async fn all(tx: &mut Tx, purge: PurgeId) -> Result<Vec<PurgeException>> {
    let rows = sqlx::query!(
        "select step, connection_id, remains ->> 'key' as key, error, at from purge_exceptions
         where purge_id = $1 order by id",
        purge.0,
    )
    .fetch_all(tx.connection())
    .await?;
    let exceptions = rows.into_iter().map(|row| {
        Ok(PurgeException {
            step: PurgeStep::parse(&row.step)
                .ok_or_else(|| Error::Store(sqlx::Error::Decode(format!("no step {:?}", row.step).into())))?,
            connection_id: row.connection_id.map(ConnectionId),
            key: row.key,
            error: row.error,
            at: row.at,
        })
    });
    exceptions.collect()
}

async fn except(tx: &mut Tx, place: PurgeStore, remains: Option<Value>, error: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into purge_exceptions (purge_id, step, connection_id, remains, error, at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        place.purge.0,
        place.step.as_str(),
        place.connection.map(|id| id.0),
        remains,
        error,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
