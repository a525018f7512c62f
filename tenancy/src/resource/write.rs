//! Registering resources, changing them, and taking them out of the register.

use serde_json::Value;
use uuid::Uuid;

use super::check::{check, check_owner};
use super::parents::set_parents;
use super::{MayWrite, NOUN, NewResource, Resource, ResourcePatch, Written, read, uid, view};
use crate::action::workspace;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{ResourceId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace::org_of;

/// Registers a resource, or replaces everything that is said about it.
///
/// # Errors
/// [`Error::Invalid`] if it does not fit its type's declaration or names what is not there; [`Error::Conflict`] if
/// children would be left behind in another workspace.
pub async fn put(
    tx: &mut Tx,
    may: MayWrite<'_>,
    id: &ResourceId,
    new: &NewResource,
) -> Result<(Resource, Written)> {
    let to = *may.to.target();
    let from = may.from.map_or(to, |from| *from.target());
    queue_up(tx, &[to, from]).await?;
    // It may have come or gone since it was looked for.
    let before = match read(tx, from, id).await {
        Ok(before) => Some(before),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    let written = write(tx, to, from, id, new).await?;
    let after = read(tx, to, id).await?;
    let change = Change { before: before.as_ref().map_or(Value::Null, view), after: view(&after) };
    let org = org_of(tx, after.workspace_id).await?;
    tx.record(may.to, org, &uid(tx, id)?, change).await?;
    Ok((after, written))
}

/// Changes a part of what is said about a resource.
///
/// # Errors
/// As [`put`]; [`Error::NotFound`] if it is not there.
pub async fn patch(
    tx: &mut Tx,
    may: MayWrite<'_>,
    id: &ResourceId,
    patch: ResourcePatch,
) -> Result<Resource> {
    let to = *may.to.target();
    let from = may.from.map_or(to, |from| *from.target());
    // Two patches at once must not undo one another.
    queue_up(tx, &[to, from]).await?;
    let now = read(tx, from, id).await?;
    let mut attributes = now.attributes;
    for (name, value) in patch.attributes.unwrap_or_default() {
        if value.is_null() {
            attributes.remove(&name);
        } else {
            attributes.insert(name, value);
        }
    }
    let new = NewResource {
        workspace_id: patch.workspace_id.unwrap_or(now.workspace_id),
        owner_id: patch.owner_id.unwrap_or(now.owner_id),
        attributes,
        parents: patch.parents.unwrap_or(now.parents),
    };
    Ok(put(tx, may, id, &new).await?.0)
}

/// Makes all who write in the same workspaces wait for one another: else two could make a circle of parents that neither
/// sees, or leave a child behind. Taken before any other lock, and in the order of the ids, so that nobody waits for
/// somebody who waits for them.
pub(crate) async fn queue_up(tx: &mut Tx, workspaces: &[WorkspaceId]) -> Result<()> {
    let ids: Vec<Uuid> = workspaces.iter().map(|id| id.0).collect();
    sqlx::query!("select id from workspaces where id = any ($1) order by id for no key update", &ids)
        .fetch_all(tx.connection())
        .await?;
    Ok(())
}

/// Writes a resource that lies, or will lie, in `to`; if it is there already, it must lie in `from`. For those who hold
/// the proof for both, have queued up in both, and record the change.
pub(crate) async fn write(
    tx: &mut Tx,
    to: WorkspaceId,
    from: WorkspaceId,
    id: &ResourceId,
    new: &NewResource,
) -> Result<Written> {
    if new.workspace_id != to {
        return Err(Error::NotFound("workspace"));
    }
    check(tx, id, new)?;
    check_owner(tx, new).await?;
    let now = tx.now();
    let created = sqlx::query_scalar!(
        r#"insert into resources (type, id, workspace_id, owner_id, attributes, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $6)
           on conflict (type, id) do update
               set workspace_id = $3, owner_id = $4, attributes = $5, updated_at = $6
               where resources.workspace_id = $7
           returning (xmax = 0) as "created!""#,
        id.kind,
        id.id,
        to.0,
        new.owner_id.map(|id| id.0),
        Value::Object(new.attributes.clone()),
        now,
        from.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    // It lies elsewhere since it was looked for, in a workspace that nobody authorized.
    let created = created.ok_or(Error::NotFound(NOUN))?;
    set_parents(tx, to, id, &new.parents).await?;
    Ok(if created { Written::Created } else { Written::Replaced })
}

/// Takes a resource, and the shares on it, out of the register.
///
/// # Errors
/// [`Error::NotFound`] if it does not lie in the workspace that was authorized; [`Error::Conflict`] if it has
/// children.
pub async fn delete(
    tx: &mut Tx,
    allowed: &Authorized<workspace::WriteResources>,
    id: &ResourceId,
) -> Result<()> {
    queue_up(tx, &[*allowed.target()]).await?;
    let before = read(tx, *allowed.target(), id).await?;
    sqlx::query!(
        "delete from resources where type = $1 and id = $2 and workspace_id = $3",
        id.kind,
        id.id,
        before.workspace_id.0,
    )
    .execute(tx.connection())
    .await?;
    let org = org_of(tx, before.workspace_id).await?;
    tx.record(allowed, org, &uid(tx, id)?, Change { before: view(&before), after: Value::Null }).await
}
