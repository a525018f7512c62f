//! What resources lie in.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::id::{ResourceId, WorkspaceId};
use crate::tx::Tx;

/// Says in which others of the workspace a resource lies, and in no others from now on.
pub(super) async fn set_parents(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: &ResourceId,
    parents: &[ResourceId],
) -> Result<()> {
    let left_behind = sqlx::query_scalar!(
        r#"select exists (
               select from resource_parents p join resources c on c.type = p.child_type and c.id = p.child_id
               where p.parent_type = $1 and p.parent_id = $2 and c.workspace_id <> $3
           ) as "exists!""#,
        id.kind,
        id.id,
        workspace.0,
    )
    .fetch_one(tx.connection())
    .await?;
    if left_behind {
        return Err(Error::conflict(
            "has_children",
            "resources in the old workspace have this one as their parent",
        ));
    }
    sqlx::query!("delete from resource_parents where child_type = $1 and child_id = $2", id.kind, id.id)
        .execute(tx.connection())
        .await?;
    let parents: BTreeSet<&ResourceId> = parents.iter().collect();
    if parents.iter().any(|parent| !parent.is_storable()) {
        return Err(Error::invalid("parents", "an id of 1 to 512 characters, none of them NUL"));
    }
    let types: Vec<String> = parents.iter().map(|parent| parent.kind.clone()).collect();
    let ids: Vec<String> = parents.iter().map(|parent| parent.id.clone()).collect();
    let added = sqlx::query!(
        "insert into resource_parents (child_type, child_id, parent_type, parent_id)
         select $1, $2, r.type, r.id from unnest($3::text[], $4::text[]) as p (type, id)
         join resources r on r.type = p.type and r.id = p.id and r.workspace_id = $5
         returning parent_type, parent_id",
        id.kind,
        id.id,
        &types,
        &ids,
        workspace.0,
    )
    .fetch_all(tx.connection())
    .await?;
    let is_there = |parent: &ResourceId| {
        added.iter().any(|row| row.parent_type == parent.kind && row.parent_id == parent.id)
    };
    if let Some(missing) = parents.iter().find(|parent| !is_there(parent)) {
        let message = format!("there is no {} {:?} in this workspace", missing.kind, missing.id);
        return Err(Error::invalid("parents", message));
    }
    if parents.is_empty() {
        return Ok(());
    }
    let above = sqlx::query!(
        r#"with recursive above (type, id, height) as (
               select parent_type, parent_id, 1 from resource_parents where child_type = $1 and child_id = $2
               union
               select p.parent_type, p.parent_id, a.height + 1 from resource_parents p
               join above a on p.child_type = a.type and p.child_id = a.id
               where a.height <= $3
           )
           select coalesce(bool_or(type = $1 and id = $2), false) as "is_circle!",
                  coalesce(max(height), 0) as "height!" from above"#,
        id.kind,
        id.id,
        ResourceId::MAX_HEIGHT,
    )
    .fetch_one(tx.connection())
    .await?;
    if above.is_circle {
        return Err(Error::invalid("parents", "a resource cannot lie in itself"));
    }
    if above.height > ResourceId::MAX_HEIGHT {
        return Err(Error::invalid("parents", format!("nested more than {} deep", ResourceId::MAX_HEIGHT)));
    }
    Ok(())
}
