//! The files that go into an archive: the bytes of the documents that it tells of.

use super::readable::{self, Found};
use crate::action::user;
use crate::connection::Unreadable;
use crate::document::{self, Place};
use crate::error::Result;
use crate::id::{ConnectionId, DocumentId, UserId, WorkspaceId};
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
    /// Its name, as whoever stored it said.
    pub name: String,
}

/// A page of the files after a document: those in the person's own workspace, and those that they stored elsewhere and may
/// read there now.
///
/// # Errors
/// If the store does not answer.
pub async fn files(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    after: Option<DocumentId>,
) -> Result<Vec<PackedFile>> {
    page(tx, *allowed.target(), after).await
}

/// How many there are.
pub(super) async fn count(tx: &mut Tx, user: UserId) -> Result<i64> {
    let (mut count, mut after) = (0, None);
    loop {
        let files = page(tx, user, after).await?;
        let Some(last) = files.last() else { return Ok(count) };
        after = Some(last.id);
        count += i64::try_from(files.len()).unwrap_or(i64::MAX);
    }
}

/// Pages of which nothing is given out are left out.
async fn page(tx: &mut Tx, user: UserId, mut after: Option<DocumentId>) -> Result<Vec<PackedFile>> {
    loop {
        let rows = sqlx::query!(
            r#"select d.id, d.workspace_id, d.name, w.owner_id is not distinct from $1 as "is_own!"
               from documents d join workspaces w on w.id = d.workspace_id
               where d.state = 'ready' and (d.owner_id = $1 or w.owner_id = $1) and ($2::uuid is null or d.id > $2)
               order by d.id limit $3"#,
            user.0,
            after.map(|id| id.0),
            PAGE,
        )
        .fetch_all(tx.connection())
        .await?;
        let Some(last) = rows.last() else { return Ok(vec![]) };
        after = Some(DocumentId(last.id));
        let found = rows.iter().map(|row| Found { id: DocumentId(row.id), is_own: row.is_own }).collect();
        let given = readable::documents(tx, user, found).await?;
        let rows = rows.into_iter().filter(|row| given.contains(&DocumentId(row.id)));
        let files: Vec<_> = rows
            .map(|row| PackedFile {
                id: DocumentId(row.id),
                workspace_id: WorkspaceId(row.workspace_id),
                name: row.name,
            })
            .collect();
        if !files.is_empty() {
            return Ok(files);
        }
    }
}

/// In which store a file is, right before it is read. None if it is gone, or the person may not read it any more.
///
/// # Errors
/// If the store does not answer; [`Unreadable`] inside if its connection cannot be opened any more.
pub async fn place(
    tx: &mut Tx,
    allowed: &Authorized<user::Pack>,
    file: &PackedFile,
) -> Result<Option<Result<Place, Unreadable>>> {
    let user = *allowed.target();
    let row = sqlx::query!(
        r#"select d.connection_id, w.owner_id is not distinct from $2 as "is_own!"
           from documents d join workspaces w on w.id = d.workspace_id
           where d.id = $1 and d.state = 'ready' and (d.owner_id = $2 or w.owner_id = $2)"#,
        file.id.0,
        user.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let found = vec![Found { id: file.id, is_own: row.is_own }];
    if readable::documents(tx, user, found).await?.is_empty() {
        return Ok(None);
    }
    document::by(tx, row.connection_id.map(ConnectionId)).await.map(Some)
}
