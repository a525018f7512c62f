//! What lies in workspaces, as an export tells of it.
//!
//! A page may hold nothing that is given out, and not be the last one: the next ones are read until something is.

use serde_json::Value;

use super::class::PAGE;
use super::readable::{self, Found};
use crate::error::Result;
use crate::id::{DocumentId, ResourceId, UserId};
use crate::tx::Tx;

/// A page of documents after a cursor, each with its own.
pub(super) async fn documents(tx: &mut Tx, user: UserId, cursor: &str) -> Result<Vec<(String, Value)>> {
    let mut cursor = cursor.to_owned();
    loop {
        let rows = sqlx::query!(
            r#"select d.id::text as "cursor!", d.id, w.owner_id is not distinct from $1 as "is_own!",
                      jsonb_build_object('id', d.id, 'workspace_id', d.workspace_id, 'name', d.name,
                          'content_type', d.content_type, 'size', d.size, 'sha256', encode(d.sha256, 'hex'),
                          'state', d.state, 'created_at', d.created_at) as "row!"
               from documents d join workspaces w on w.id = d.workspace_id
               where (d.owner_id = $1 or w.owner_id = $1) and d.id::text > $2 order by 1 limit $3"#,
            user.0,
            cursor,
            PAGE,
        )
        .fetch_all(tx.connection())
        .await?;
        let Some(last) = rows.last() else { return Ok(vec![]) };
        cursor.clone_from(&last.cursor);
        let found = rows.iter().map(|row| Found { id: DocumentId(row.id), is_own: row.is_own }).collect();
        let given = readable::documents(tx, user, found).await?;
        let rows = rows.into_iter().filter(|row| given.contains(&DocumentId(row.id)));
        let rows: Vec<_> = rows.map(|row| (row.cursor, row.row)).collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
}

/// A page of resources of applications after a cursor, each with its own.
pub(super) async fn resources(tx: &mut Tx, user: UserId, cursor: &str) -> Result<Vec<(String, Value)>> {
    let mut cursor = cursor.to_owned();
    loop {
        let rows = sqlx::query!(
            r#"select r.type || '/' || r.id as "cursor!", r.type as kind, r.id,
                      w.owner_id is not distinct from $1 as "is_own!",
                      jsonb_build_object('type', r.type, 'id', r.id, 'workspace_id', r.workspace_id,
                          'attributes', r.attributes, 'created_at', r.created_at, 'updated_at', r.updated_at) as "row!"
               from resources r join workspaces w on w.id = r.workspace_id
               where (r.owner_id = $1 or w.owner_id = $1) and r.type || '/' || r.id > $2 order by 1 limit $3"#,
            user.0,
            cursor,
            PAGE,
        )
        .fetch_all(tx.connection())
        .await?;
        let Some(last) = rows.last() else { return Ok(vec![]) };
        cursor.clone_from(&last.cursor);
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| (ResourceId { kind: row.kind, id: row.id }, row.is_own, row.cursor, row.row))
            .collect();
        let found = rows.iter().map(|(id, is_own, ..)| Found { id: id.clone(), is_own: *is_own }).collect();
        let given = readable::resources(tx, user, found).await?;
        let rows = rows.into_iter().filter(|(id, ..)| given.contains(id));
        let rows: Vec<_> = rows.map(|(_, _, cursor, row)| (cursor, row)).collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
}
