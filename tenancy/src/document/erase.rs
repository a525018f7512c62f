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
}

/// Deletes a document: it is out of reach at once. Its quota is given back when its bytes are erased.
///
/// # Errors
/// [`Error::NotFound`] if it is being deleted already.
pub async fn delete(tx: &mut Tx, allowed: &Authorized<document::Delete>) -> Result<()> {
    let id = *allowed.target();
    let gone = mark(tx, id, None).await?.ok_or(Error::NotFound(DocumentId::NOUN))?;
    let org = chain_of(tx, gone.workspace_id).await?;
    let name = sqlx::query_scalar!("select name from documents where id = $1", id.0)
        .fetch_one(tx.connection())
        .await?;
    let change = Change { before: json!({ "name": name }), ..Change::default() };
    tx.record(allowed, org, &allowed.uid(), change).await
}

/// Gives up an upload whose bytes are not those that were announced. Returns the job that erases what came; none if it was
/// decided otherwise meanwhile.
///
/// # Errors
/// If the store does not answer.
pub async fn give_up(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    id: DocumentId,
    why: &str,
) -> Result<Option<EraseDocument>> {
    let Some(job) = mark(tx, id, Some("uploading")).await? else { return Ok(None) };
    let org = chain_of(tx, *allowed.target()).await?;
    let change = Change { after: json!({ "refused": why }), ..Change::default() };
    tx.record(allowed, org, &id.uid(), change).await?;
    Ok(Some(job))
}

/// From now on it is being deleted, and a job erases it.
async fn mark(tx: &mut Tx, id: DocumentId, only: Option<&str>) -> Result<Option<EraseDocument>> {
    let row = sqlx::query!(
        "update documents set state = 'deleting'
         where id = $1 and state <> 'deleting' and ($2::text is null or state = $2)
         returning workspace_id, connection_id",
        id.0,
        only
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let job = EraseDocument {
        document_id: id,
        workspace_id: WorkspaceId(row.workspace_id),
        connection_id: row.connection_id.map(ConnectionId),
        not_before: None,
    };
    tx.enqueue(&job).await?;
    Ok(Some(job))
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
            not_before: None,
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
    let upload_id = sqlx::query_scalar!("select upload_id from documents where id = $1", job.document_id.0)
        .fetch_optional(tx.connection())
        .await?
        .flatten();
    let place = match place::by(tx, job.connection_id).await {
        Ok(place) => Some(place),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Erasure { place, upload_id })
}

/// The bytes are erased: the row goes, and what it took of quotas is free. While addresses for the bytes are good, they may
/// come again, and are erased once more then.
///
/// # Errors
/// If the store does not answer.
pub async fn erased(
    tx: &mut Tx,
    _allowed: &Authorized<platform::SweepUploads>,
    job: &EraseDocument,
) -> Result<()> {
    remove(tx, job).await
}

async fn remove(tx: &mut Tx, job: &EraseDocument) -> Result<()> {
    let until: Option<DateTime<Utc>> = sqlx::query_scalar!(
        "delete from documents where id = $1 and state = 'deleting' returning upload_expires_at",
        job.document_id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let until = until.map(|until| until + slack()).filter(|until| *until > tx.now());
    if let Some(until) = until {
        tx.enqueue(&EraseDocument { not_before: Some(until), ..*job }).await?;
    }
    Ok(())
}

/// The same for who gave up an upload and erased what came at once.
///
/// # Errors
/// If the store does not answer.
pub async fn given_up(
    tx: &mut Tx,
    _allowed: &Authorized<document::Create>,
    job: &EraseDocument,
) -> Result<()> {
    remove(tx, job).await
}

fn slack() -> TimeDelta {
    TimeDelta::from_std(SLACK).unwrap_or(TimeDelta::minutes(1))
}
