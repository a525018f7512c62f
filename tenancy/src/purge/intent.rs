//! What is about to be erased from a store, written ahead. Whatever happens between the erasure and its count, the intent
//! counts it: once.

use serde_json::Value;

use super::{Counts, PurgeStep, step};
use crate::action::purge;
use crate::error::Result;
use crate::id::{ConnectionId, PurgeId};
use crate::tx::{Authorized, Tx};

/// A store that a step of a purge looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeStore {
    /// The purge.
    pub purge: PurgeId,
    /// The step.
    pub step: PurgeStep,
    /// The connection that leads to the store; none for the store of the installation.
    pub connection: Option<ConnectionId>,
}

/// Something that is about to be erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Its number.
    pub id: i64,
    /// What, as the store names it.
    pub remains: Value,
}

/// Writes down what is about to be erased. Returns those that were not written down yet, and not found to be impossible to
/// erase before.
///
/// # Errors
/// If the store does not answer.
pub async fn intend(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    place: PurgeStore,
    remains: &[Value],
) -> Result<Vec<Intent>> {
    let rows = sqlx::query!(
        "insert into purge_intents (purge_id, step, connection_id, remains)
         select $1, $2, $3, one from unnest($4::jsonb[]) as one
         where not exists (
             select from purge_exceptions e
             where e.purge_id = $1 and e.step = $2 and e.connection_id is not distinct from $3
                 and md5(e.remains::text) = md5(one::text))
         on conflict do nothing
         returning id, remains",
        place.purge.0,
        place.step.as_str(),
        place.connection.map(|id| id.0),
        remains,
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Intent { id: row.id, remains: row.remains }).collect())
}

/// Those that were written down before and not counted, by their numbers, from behind `after` on.
///
/// # Errors
/// If the store does not answer.
pub async fn intended(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    place: PurgeStore,
    after: i64,
    most: i64,
) -> Result<Vec<Intent>> {
    let rows = sqlx::query!(
        "select id, remains from purge_intents
         where purge_id = $1 and step = $2 and connection_id is not distinct from $3 and id > $4
         order by id limit $5",
        place.purge.0,
        place.step.as_str(),
        place.connection.map(|id| id.0),
        after,
        most,
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Intent { id: row.id, remains: row.remains }).collect())
}

/// Counts what was erased: each intent once, whoever comes with it.
///
/// # Errors
/// If the store does not answer.
pub async fn erased(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    place: PurgeStore,
    intents: &[i64],
) -> Result<()> {
    let rows = sqlx::query!(
        r#"with done as (
               delete from purge_intents where purge_id = $1 and id = any($2) returning remains ->> 'kind' as kind)
           select coalesce(kind, '') || 's' as "class!", count(*) as "count!" from done group by 1"#,
        place.purge.0,
        intents,
    )
    .fetch_all(tx.connection())
    .await?;
    let counts: Counts = rows.into_iter().map(|row| (row.class, row.count)).collect();
    step::count(tx, place.purge, place.step, &counts).await
}

/// Withdraws all intents of a store that is given up.
///
/// # Errors
/// If the store does not answer.
pub async fn withdraw(tx: &mut Tx, _: &Authorized<purge::Run>, place: PurgeStore) -> Result<()> {
    sqlx::query!(
        "delete from purge_intents where purge_id = $1 and step = $2 and connection_id is not distinct from $3",
        place.purge.0,
        place.step.as_str(),
        place.connection.map(|id| id.0),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
