//! What the worker needs to pack an export.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::class::Class;
use crate::action::user;
use crate::connection::Unreadable;
use crate::document::{self, Place};
use crate::error::{Error, Result};
use crate::id::{ConnectionId, DocumentId, ExportId, WorkspaceId};
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::tx::{Authorized, Tx};

/// Files of a page.
const PAGE: i64 = 500;

/// A file that goes into the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// The document.
    pub id: DocumentId,
    /// The workspace that it lies in.
    pub workspace_id: WorkspaceId,
    /// The connection that it is stored by; none for the installation's store.
    pub connection_id: Option<ConnectionId>,
    /// Its name, as whoever stored it said.
    pub name: String,
}

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
    let total = sqlx::query_scalar!(
        r#"update exports set files_done = 0, files_failed = 0, files_total = (
               select count(*) from documents d join workspaces w on w.id = d.workspace_id
               where d.state = 'ready' and (d.owner_id = $2 or w.owner_id = $2))
           where id = $1 and user_id = $2 and state = 'pending' returning files_total as "total!""#,
        id.0,
        allowed.target().0,
    );
    Ok(total.fetch_optional(tx.connection()).await?)
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

/// A page of the files that the person stored, or that lie in their own workspace, after a document.
///
/// # Errors
/// If the store does not answer.
pub async fn files(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    after: Option<DocumentId>,
) -> Result<Vec<PackedFile>> {
    let rows = sqlx::query!(
        "select d.id, d.workspace_id, d.connection_id, d.name
         from documents d join workspaces w on w.id = d.workspace_id
         where d.state = 'ready' and (d.owner_id = $1 or w.owner_id = $1) and ($2::uuid is null or d.id > $2)
         order by d.id limit $3",
        allowed.target().0,
        after.map(|id| id.0),
        PAGE,
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PackedFile {
            id: DocumentId(row.id),
            workspace_id: WorkspaceId(row.workspace_id),
            connection_id: row.connection_id.map(ConnectionId),
            name: row.name,
        })
        .collect())
}

/// In which store a file is.
///
/// # Errors
/// If the store does not answer; [`Unreadable`] inside if its connection cannot be opened any more.
pub async fn place(
    tx: &mut Tx,
    _: &Authorized<user::Pack>,
    file: &PackedFile,
) -> Result<Result<Place, Unreadable>> {
    document::by(tx, file.connection_id).await
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

/// Gives the archive out from now on, and mails the person that it is there.
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
        "update exports set state = 'ready', finished_at = $3, expires_at = $4, size = $5, files_done = $6, files_failed = $7
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

/// Gives an export up, so that the person can ask for another one.
///
/// # Errors
/// If the store does not answer.
pub async fn fail(tx: &mut Tx, allowed: &Authorized<user::Pack>, id: ExportId) -> Result<()> {
    sqlx::query!(
        "update exports set state = 'failed', finished_at = $3 where id = $1 and user_id = $2 and state = 'pending'",
        id.0,
        allowed.target().0,
        tx.now(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
