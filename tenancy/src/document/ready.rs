use serde_json::json;

use super::chain_of;
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

/// Says that the bytes of a document are there, as its caller has seen. Doing it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`] if it was deleted, or its time was over, meanwhile.
pub async fn finish(tx: &mut Tx, allowed: &Authorized<document::Create>, id: DocumentId) -> Result<Document> {
    let (workspace, now) = (*allowed.target(), tx.now());
    let done = sqlx::query!(
        "update documents set state = 'ready', ready_at = $3, upload_id = null
         where id = $1 and workspace_id = $2 and state = 'uploading'",
        id.0,
        workspace.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    let document = find(tx, id).await?;
    if document.state != DocumentState::Ready || document.workspace_id != workspace {
        return Err(Error::NotFound(DocumentId::NOUN));
    }
    if done.rows_affected() == 1 {
        let org = chain_of(tx, workspace).await?;
        let change = Change { before: json!({ "state": "uploading" }), after: json!({ "state": "ready" }) };
        tx.record(allowed, org, &id.uid(), change).await?;
    }
    Ok(document)
}
