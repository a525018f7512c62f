//! Removing exports.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::ExportState;
use crate::action::{platform, user};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{ExportId, UserId};
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

/// Some of those whose time is over.
///
/// # Errors
/// If the store does not answer.
pub async fn expired(tx: &mut Tx, _: &Authorized<platform::TrimExports>) -> Result<Vec<Expired>> {
    let rows = sqlx::query!(
        "select id, user_id from exports where state = 'ready' and expires_at <= $1 order by expires_at limit 100",
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
    sqlx::query!("update exports set state = 'expired' where id = $1 and state = 'ready'", id.0)
        .execute(tx.connection())
        .await?;
    let old = tx.now() - REMEMBERED;
    sqlx::query!("delete from exports where state in ('expired', 'failed') and requested_at < $1", old)
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
