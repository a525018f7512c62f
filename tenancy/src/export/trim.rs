//! Removing exports.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::ExportState;
use crate::action::{platform, user};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{ExportId, UserId};
use crate::jobs::{BuildExport, Job as _};
use crate::tx::{Authorized, Tx};

/// How long the row of an export that is over is kept.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// An export whose archive has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: ExportId,
}

/// Gives up those that nobody packs any more, so that their people can ask for others: the job was called off, or is with
/// the dead letters. An archive may be there all the same, and goes with those whose time is over.
///
/// # Errors
/// If the store does not answer.
pub async fn fail_abandoned(tx: &mut Tx, _: &Authorized<platform::TrimExports>) -> Result<u64> {
    let failed = sqlx::query!(
        "update exports e set state = 'failed', finished_at = $1, expires_at = $1
         where e.state = 'pending' and not exists (
             select from jobs j where j.user_id = e.user_id and j.kind = $2 and j.state in ('pending', 'running')
               and j.payload ->> 'export_id' = e.id::text)",
        tx.now(),
        BuildExport::KIND,
    )
    .execute(tx.connection())
    .await?;
    Ok(failed.rows_affected())
}

/// Some of those whose time is over.
///
/// # Errors
/// If the store does not answer.
pub async fn expired(tx: &mut Tx, _: &Authorized<platform::TrimExports>) -> Result<Vec<Expired>> {
    let rows = sqlx::query!(
        "select id, user_id from exports where state in ('ready', 'failed') and expires_at <= $1
         order by expires_at limit 100",
        tx.now()
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Expired { user: UserId(row.user_id), id: ExportId(row.id) }).collect())
}

/// Says that the archive is gone, and forgets those that have been gone for long.
///
/// # Errors
/// If the store does not answer.
pub async fn forget(tx: &mut Tx, _: &Authorized<platform::TrimExports>, id: ExportId) -> Result<()> {
    sqlx::query!(
        "update exports set state = case state when 'ready' then 'expired' else state end,
             expires_at = case state when 'ready' then expires_at end
         where id = $1 and state in ('ready', 'failed')",
        id.0
    )
    .execute(tx.connection())
    .await?;
    let old = tx.now() - REMEMBERED;
    sqlx::query!(
        "delete from exports where requested_at < $1
           and (state = 'expired' or state = 'failed' and expires_at is null)",
        old
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes an export's time be over now: it is given out no more, and its archive goes with the next sweep.
///
/// # Errors
/// [`Error::NotFound`] if the person has no such export; [`Error::Conflict`] `export_not_ready` for one that is none
/// or not yet.
pub async fn remove(tx: &mut Tx, allowed: &Authorized<user::Export>, id: ExportId) -> Result<()> {
    let (user, now) = (*allowed.target(), tx.now());
    let state = sqlx::query_scalar!(
        "select state from exports where id = $1 and user_id = $2 for update",
        id.0,
        user.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound("export"))?;
    if state != ExportState::Ready.as_str() {
        return Err(Error::conflict("export_not_ready", "there is no archive that could be removed"));
    }
    sqlx::query!("update exports set expires_at = least(expires_at, $2) where id = $1", id.0, now)
        .execute(tx.connection())
        .await?;
    let before = json!({ "export": id });
    tx.record(allowed, None, &allowed.uid(), Change { before, after: Value::Null }).await
}
