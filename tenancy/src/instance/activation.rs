use serde_json::json;

use super::list::find;
use super::org_of;
use super::view::{Instance, Side};
use crate::action::{Action, instance};
use crate::audit::Change;
use crate::error::Result;
use crate::id::InstanceId;
use crate::tx::{Authorized, Tx};

/// What a side says to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// It may work, as far as this side is concerned.
    Yes,
    /// It may not.
    No,
}

/// Says yes or no for the technical side. Saying the same again changes nothing.
///
/// # Errors
/// If the store does not answer.
pub async fn set_technical(
    tx: &mut Tx,
    allowed: &Authorized<instance::SetTechnical>,
    say: Say,
) -> Result<Instance> {
    set(tx, allowed, Side::Technical, say).await
}

/// Says yes or no for the economic side. Saying the same again changes nothing.
///
/// # Errors
/// If the store does not answer.
pub async fn set_economic(
    tx: &mut Tx,
    allowed: &Authorized<instance::SetEconomic>,
    say: Say,
) -> Result<Instance> {
    set(tx, allowed, Side::Economic, say).await
}

async fn set<A: Action<Target = InstanceId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    side: Side,
    say: Say,
) -> Result<Instance> {
    let id = *allowed.target();
    let org = org_of(tx, id).await?;
    let now = tx.now();
    let at = (say == Say::Yes).then_some(now);
    let by = allowed.actor().person().filter(|_| say == Say::Yes).map(|person| person.id.0);
    // Who said yes first has said it.
    let changed = sqlx::query!(
        "update instances
         set technical_at = case $2 when 'technical' then $3 else technical_at end,
             technical_by = case $2 when 'technical' then $4 else technical_by end,
             economic_at = case $2 when 'economic' then $3 else economic_at end,
             economic_by = case $2 when 'economic' then $4 else economic_by end
         where id = $1
           and (case $2 when 'technical' then technical_at else economic_at end is null) = ($3::timestamptz is not null)",
        id.0,
        side.as_str(),
        at,
        by,
    )
    .execute(tx.connection())
    .await?;
    if changed.rows_affected() == 1 {
        let (before, after) =
            (json!({ side.as_str(): say == Say::No }), json!({ side.as_str(): say == Say::Yes }));
        tx.record(allowed, Some(org), &allowed.uid(), Change { before, after }).await?;
    }
    find(tx, allowed.actor(), id).await
}
