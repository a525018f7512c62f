use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::chain_of;
use super::new::hold;
use super::place::{self, Place};
use super::view::{Document, DocumentState, find};
use crate::action::{Target as _, document};
use crate::audit::Change;
use crate::connection::Unreadable;
use crate::error::{Error, Result};
use crate::id::DocumentId;
use crate::tx::{Authorized, Tx};

/// A document whose bytes are awaited.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The document.
    pub document: Document,
    /// What its bytes have to be.
    pub sha256: [u8; 32],
    /// Where they belong.
    pub place: Result<Place, Unreadable>,
    /// The provider's name for the upload in parts, if there is one.
    pub upload_id: Option<String>,
}

/// A document of the caller's own in this workspace, which may be ready by now.
///
/// # Errors
/// [`Error::NotFound`] if there is none, if somebody else announced it, and if it is being deleted.
pub async fn upload(tx: &mut Tx, allowed: &Authorized<document::Create>, id: DocumentId) -> Result<Upload> {
    let gone = || Error::NotFound(DocumentId::NOUN);
    let row = sqlx::query!(
        "select connection_id, sha256, upload_id from documents
         where id = $1 and workspace_id = $2 and owner_id = $3 and state <> 'deleting'",
        id.0,
        allowed.target().0,
        allowed.actor().person().map(|person| person.id.0),
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(gone)?;
    let place = place::by(tx, row.connection_id.map(Into::into)).await?;
    let sha256 = row.sha256.try_into().map_err(|_| gone())?;
    Ok(Upload { document: find(tx, id).await?, sha256, place, upload_id: row.upload_id })
}

/// The longest time that a document is awaited, from when it was announced.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// While its bytes are on their way, or are read to be compared, a document is awaited for one more `lifetime` from now on.
/// Returns until when.
///
/// # Errors
/// [`Error::NotFound`] if it is not awaited any more: it was deleted, or its workspace is.
pub async fn await_longer(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    id: DocumentId,
    lifetime: Duration,
) -> Result<DateTime<Utc>> {
    hold(tx, *allowed.target()).await?;
    let until = tx.now() + TimeDelta::from_std(lifetime).unwrap_or(LONGEST);
    let kept = sqlx::query_scalar!(
        "update documents set upload_expires_at = greatest(upload_expires_at, least($3, created_at + $4::float8 * interval '1 s'))
         where id = $1 and workspace_id = $2 and state = 'uploading' returning upload_expires_at",
        id.0,
        allowed.target().0,
        until,
        LONGEST.as_seconds_f64(),
    )
    .fetch_optional(tx.connection())
    .await?;
    kept.ok_or(Error::NotFound(DocumentId::NOUN))
}

/// Keeps the provider's name for an upload in parts. Returns the one that is kept: somebody may have been faster.
///
/// # Errors
/// [`Error::NotFound`] if the document is not awaited any more.
pub async fn set_parts(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    id: DocumentId,
    upload_id: &str,
) -> Result<String> {
    let kept = sqlx::query_scalar!(
        r#"update documents set upload_id = coalesce(upload_id, $3)
           where id = $1 and workspace_id = $2 and state = 'uploading' returning upload_id as "upload_id!""#,
        id.0,
        allowed.target().0,
        upload_id,
    )
    .fetch_optional(tx.connection())
    .await?;
    kept.ok_or(Error::NotFound(DocumentId::NOUN))
}

/// By what addresses the bytes of a document come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// By our own, which end with the upload.
    Own,
    /// By those of a store, which stay good until their time is over.
    Signed,
}

/// Says that the bytes of a document are there, as its caller has seen, by this upload in parts or in one piece. Doing it
/// again changes nothing.
///
/// # Errors
/// [`Error::NotFound`] if it was deleted, or its time was over, meanwhile; [`Error::Conflict`] `sent_in_parts` if an upload in
/// parts was begun that this is not: its parts would be left behind.
pub async fn finish(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    id: DocumentId,
    upload_id: Option<&str>,
    addresses: Addresses,
) -> Result<Document> {
    let (workspace, now) = (*allowed.target(), tx.now());
    let done = sqlx::query!(
        "update documents set state = 'ready', ready_at = $3, upload_id = null,
             upload_expires_at = case when $5 then upload_expires_at else least(upload_expires_at, $3) end
         where id = $1 and workspace_id = $2 and state = 'uploading' and upload_id is not distinct from $4",
        id.0,
        workspace.0,
        now,
        upload_id,
        addresses == Addresses::Signed,
    )
    .execute(tx.connection())
    .await?;
    let document = find(tx, id).await?;
    match document.state {
        DocumentState::Ready if document.workspace_id == workspace => {}
        DocumentState::Uploading if document.workspace_id == workspace => return Err(in_parts()),
        _ => return Err(Error::NotFound(DocumentId::NOUN)),
    }
    if done.rows_affected() == 1 {
        let org = chain_of(tx, workspace).await?;
        let change = Change { before: json!({ "state": "uploading" }), after: json!({ "state": "ready" }) };
        tx.record(allowed, org, &id.uid(), change).await?;
    }
    Ok(document)
}

/// What is sent in parts is not sent in one piece too.
#[must_use]
pub fn in_parts() -> Error {
    Error::conflict("sent_in_parts", "this document is being sent in parts: send them, and complete it")
}
