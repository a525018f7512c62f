use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::action::Target as _;
use crate::error::{Error, Result};
use crate::id::{ConnectionId, DocumentId, UserId, WorkspaceId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// How far a document is.
    DocumentState {
        /// It was announced, and its bytes are reserved.
        Uploading = "uploading",
        /// Its bytes are there.
        Ready = "ready",
        /// Its bytes are being erased.
        Deleting = "deleting",
    }
}

/// A file in a workspace.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Document {
    /// The id.
    pub id: DocumentId,
    /// Where it lies.
    pub workspace_id: WorkspaceId,
    /// Who stored it, against whose quota it counts; null once they are gone.
    pub owner_id: Option<UserId>,
    /// By which connection; null: in the store of the installation.
    pub connection_id: Option<ConnectionId>,
    /// The name of the file.
    #[schema(example = "minutes.pdf")]
    pub name: String,
    /// The media type.
    #[schema(example = "application/pdf")]
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// The SHA-256 of the bytes, in hexadecimal digits.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    pub sha256: String,
    /// How far it is.
    pub state: DocumentState,
    /// Until when its bytes can be sent.
    pub upload_expires_at: DateTime<Utc>,
    /// When it was announced.
    pub created_at: DateTime<Utc>,
    /// When its bytes were there.
    pub ready_at: Option<DateTime<Utc>>,
}

/// These documents in this order.
pub(super) async fn read(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<Document>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select d.id, d.workspace_id, d.owner_id, d.connection_id, d.name, d.content_type, d.size,
                  encode(d.sha256, 'hex') as "sha256!", d.state, d.upload_expires_at, d.created_at, d.ready_at
           from unnest($1::uuid[]) with ordinality as wanted (id, place)
           join documents d on d.id = wanted.id order by wanted.place"#,
        &ids,
    )
    .fetch_all(tx.connection())
    .await?;
    let documents = rows.into_iter().filter_map(|row| {
        Some(Document {
            id: DocumentId(row.id),
            workspace_id: WorkspaceId(row.workspace_id),
            owner_id: row.owner_id.map(UserId),
            connection_id: row.connection_id.map(ConnectionId),
            name: row.name,
            content_type: row.content_type,
            size: row.size,
            sha256: row.sha256,
            state: DocumentState::parse(&row.state)?,
            upload_expires_at: row.upload_expires_at,
            created_at: row.created_at,
            ready_at: row.ready_at,
        })
    });
    Ok(documents.collect())
}

pub(super) async fn find(tx: &mut Tx, id: DocumentId) -> Result<Document> {
    read(tx, &[id]).await?.pop().ok_or(Error::NotFound(DocumentId::NOUN))
}
