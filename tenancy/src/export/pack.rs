//! What the worker needs to pack an export.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::class::Class;
use super::file;
use crate::action::user;
use crate::error::{Error, Result};
use crate::id::ExportId;
use crate::jobs::{BuildExport, Job as _, SendMail};
use crate::mail::Mail;
use crate::tx::{Authorized, Tx};

/// What became of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// The size of the archive, in bytes.
    pub size: u64,
    /// Files in it.
    pub files: u64,
    /// Files that could not be read.
    pub failed: u64,
}

/// Begins to pack: counts the files. None if the export is not wanted any more.
///
/// # Errors
/// If the store does not answer.
pub async fn begin(tx: &mut Tx, allowed: &Authorized<user::Pack>, id: ExportId) -> Result<Option<i64>> {
    let user = *allowed.target();
    let total = file::count(tx, user).await?;
    let begun = sqlx::query!(
        "update exports set files_done = 0, files_failed = 0, files_total = $3
         where id = $1 and user_id = $2 and state = 'pending'",
        id.0,
        user.0,
        total,
    )
    .execute(tx.connection())
    .await?;
    Ok((begun.rows_affected() > 0).then_some(total))
}

/// A page of one class of the person's data, after `cursor`: each row with its own cursor.
///
/// # Errors
/// If the store does not answer.
pub async fn rows(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    class: Class,
    cursor: &str,
) -> Result<Vec<(String, Value)>> {
    class.page(tx, *allowed.target(), cursor).await
}

/// Tells how far it is.
///
/// # Errors
/// If the store does not answer.
pub async fn progress(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    id: ExportId,
    done: u64,
    failed: u64,
) -> Result<()> {
    sqlx::query!(
        "update exports set files_done = $3, files_failed = $4 where id = $1 and user_id = $2 and state = 'pending'",
        id.0,
        allowed.target().0,
        count(done),
        count(failed),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Gives the archive out from now on, and mails the person that it is there. What was deleted while it was packed is not
/// counted any more.
///
/// # Errors
/// [`Error::NotFound`] if the export is not wanted any more.
pub async fn finish(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    id: ExportId,
    packed: Packed,
    lifetime: Duration,
) -> Result<()> {
    let (user, now) = (*allowed.target(), tx.now());
    let expires_at: DateTime<Utc> = now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::days(7));
    let done = sqlx::query!(
        "update exports set state = 'ready', finished_at = $3, expires_at = $4, size = $5, files_done = $6, files_failed = $7,
             files_total = $6::bigint + $7::bigint
         where id = $1 and user_id = $2 and state = 'pending'",
        id.0,
        user.0,
        now,
        expires_at,
        count(packed.size),
        count(packed.files),
        count(packed.failed),
    )
    .execute(tx.connection())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound("export"));
    }
    tx.enqueue(&SendMail(Mail::ExportReady { user_id: user, export_id: id })).await?;
    Ok(())
}

/// Whether an archive of an export is still of use: it is given out, or somebody packs it, or will.
///
/// # Errors
/// If the store does not answer.
pub async fn is_kept(tx: &mut Tx, allowed: &Authorized<user::Pack>, id: ExportId) -> Result<bool> {
    let kept = sqlx::query_scalar!(
        r#"select exists (
               select from exports e where e.id = $1 and e.user_id = $2
                 and (e.state = 'ready' or e.state = 'pending' and exists (
                      select from jobs j where j.user_id = e.user_id and j.kind = $3 and j.state in ('pending', 'running')
                        and j.payload ->> 'export_id' = e.id::text))) as "is!""#,
        id.0,
        allowed.target().0,
        BuildExport::KIND,
    );
    Ok(kept.fetch_one(tx.connection()).await?)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
