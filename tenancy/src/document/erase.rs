use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::place::{self, Place};
use super::{SLACK, chain_of};
use crate::action::{Target as _, document, platform};
use crate::audit::Change;
use crate::connection::Unreadable;
use crate::error::{Error, Result};
use crate::id::{ConnectionId, DocumentId, WorkspaceId};
use crate::jobs::EraseDocument;
use crate::tx::{Authorized, Tx};

/// Most uploads that are looked at in one transaction.
const AT_A_TIME: i64 = 100;

/// Bytes that are to be erased.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Where they are; none if the connection is gone.
    pub place: Option<Result<Place, Unreadable>>,
    /// The provider's name for the upload in parts.
    pub upload_id: Option<String>,
    /// Until when more can come by addresses that were signed before; none if that is over.
    pub more_until: Option<DateTime<Utc>>,
    /// Whether bytes that nobody gets at are left where they are by now.
    pub is_late: bool,
}

/// Deletes a document: it is out of reach at once. Its quota is given back when its bytes are erased and no more can come.
///
/// # Errors
/// [`Error::NotFound`] if it is being deleted already.
pub async fn delete(tx: &mut Tx, allowed: &Authorized<document::Delete>) -> Result<()> {
    let id = *allowed.target();
    if !mark(tx, id, None).await? {
        return Err(Error::NotFound(DocumentId::NOUN));
    }
    let row = sqlx::query!("select name, workspace_id from documents where id = $1", id.0)
        .fetch_one(tx.connection())
        .await?;
    let org = chain_of(tx, WorkspaceId(row.workspace_id)).await?;
    let change = Change { before: json!({ "name": row.name }), ..Change::default() };
    tx.record(allowed, org, &allowed.uid(), change).await
}

/// Gives up an upload whose bytes are not those that were announced: a job erases what came. Nothing if it was decided
/// otherwise meanwhile.
///
/// # Errors
/// If the store does not answer.
pub async fn give_up(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    id: DocumentId,
    why: &str,
) -> Result<()> {
    if !mark(tx, id, Some("uploading")).await? {
        return Ok(());
    }
    let org = chain_of(tx, *allowed.target()).await?;
    let change = Change { after: json!({ "refused": why }), ..Change::default() };
    tx.record(allowed, org, &id.uid(), change).await
}

/// From now on it is being deleted, and a job erases it. Tells whether it was not before.
async fn mark(tx: &mut Tx, id: DocumentId, only: Option<&str>) -> Result<bool> {
    let now = tx.now();
    let row = sqlx::query!(
        "update documents set state = 'deleting', deleting_at = $3
         where id = $1 and state <> 'deleting' and ($2::text is null or state = $2)
         returning workspace_id, connection_id",
        id.0,
        only,
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(false) };
    let job = EraseDocument {
        document_id: id,
        workspace_id: WorkspaceId(row.workspace_id),
        connection_id: row.connection_id.map(ConnectionId),
    };
    tx.enqueue(&job).await?;
    Ok(true)
}

/// Those whose bytes never came, in time. They are marked as those that are deleted, and erased by jobs; tells how many.
///
/// # Errors
/// If the store does not answer.
pub async fn expire(tx: &mut Tx, _allowed: &Authorized<platform::SweepUploads>) -> Result<usize> {
    let before = tx.now() - slack();
    let ids = sqlx::query_scalar!(
        "select id from documents where state = 'uploading' and upload_expires_at < $1
         order by upload_expires_at limit $2 for update skip locked",
        before,
        AT_A_TIME
    )
    .fetch_all(tx.connection())
    .await?;
    for id in &ids {
        mark(tx, DocumentId(*id), Some("uploading")).await?;
    }
    Ok(ids.len())
}

/// Those that are being deleted, and that nobody has erased: their jobs died. Enqueues new ones, once an hour.
///
/// # Errors
/// If the store does not answer.
pub async fn due(tx: &mut Tx, _allowed: &Authorized<platform::SweepUploads>) -> Result<usize> {
    let rows = sqlx::query!(
        "select d.id, d.workspace_id, d.connection_id from documents d
         where d.state = 'deleting' and not exists (
             select from jobs j where j.kind = 'document.erase' and j.unique_key = d.id::text
                 and (j.state in ('pending', 'running') or j.finished_at > now() - interval '1 hour'))
         order by d.id limit $1",
        AT_A_TIME
    )
    .fetch_all(tx.connection())
    .await?;
    for row in &rows {
        let job = EraseDocument {
            document_id: DocumentId(row.id),
            workspace_id: WorkspaceId(row.workspace_id),
            connection_id: row.connection_id.map(ConnectionId),
        };
        tx.enqueue(&job).await?;
    }
    Ok(rows.len())
}

/// What a job is to erase.
///
/// # Errors
/// If the store does not answer.
pub async fn erasure(
    tx: &mut Tx,
    _allowed: &Authorized<platform::SweepUploads>,
    job: &EraseDocument,
) -> Result<Erasure> {
    let row = sqlx::query!(
        "select upload_id, upload_expires_at, deleting_at from documents where id = $1",
        job.document_id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let patience = tx.account_settings().deletion.deadline;
    let is_late = row.as_ref().and_then(|row| row.deleting_at).is_some_and(|at| at + patience <= tx.now());
    let more_until =
        row.as_ref().map(|row| row.upload_expires_at + slack()).filter(|until| *until > tx.now());
    let place = match place::by(tx, job.connection_id).await {
        Ok(place) => Some(place),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Erasure { place, upload_id: row.and_then(|row| row.upload_id), more_until, is_late })
}

/// The bytes are erased, and no more can come: the row goes, and what it took of quotas is free.
///
/// # Errors
/// If the store does not answer.
pub async fn erased(
    tx: &mut Tx,
    _allowed: &Authorized<platform::SweepUploads>,
    job: &EraseDocument,
) -> Result<()> {
    sqlx::query!("delete from documents where id = $1 and state = 'deleting'", job.document_id.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The bytes stay where they are, because nobody gets there any more: the row goes all the same, and the audit log says so.
///
/// # Errors
/// If the store does not answer.
pub async fn abandoned(
    tx: &mut Tx,
    allowed: &Authorized<platform::SweepUploads>,
    job: &EraseDocument,
    why: &str,
) -> Result<()> {
    let org = chain_of(tx, job.workspace_id).await?;
    let change = Change { after: json!({ "abandoned": why }), ..Change::default() };
    tx.record(allowed, org, &job.document_id.uid(), change).await?;
    erased(tx, allowed, job).await
}

fn slack() -> TimeDelta {
    TimeDelta::from_std(SLACK).unwrap_or(TimeDelta::minutes(1))
}
