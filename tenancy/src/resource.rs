//! Registered resources: objects of applications, under the applications' own ids.

use std::collections::{BTreeSet, HashMap};

use authz::core_uid;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::action::workspace;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{ResourceId, UserId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace::org_of;

/// The word for it in errors.
const NOUN: &str = "resource";

/// A registered resource.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RegisteredResource)]
pub struct Resource {
    /// Type and id.
    #[serde(flatten)]
    pub id: ResourceId,
    /// The workspace that it lies in.
    pub workspace_id: WorkspaceId,
    /// The person it belongs to.
    pub owner_id: Option<UserId>,
    /// What the application says about it, as its type declares.
    pub attributes: Map<String, Value>,
    /// The resources that it lies in; policies follow them with `in`.
    pub parents: Vec<ResourceId>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// All that an application says about a resource.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutResource)]
pub struct NewResource {
    /// The workspace that it lies in.
    pub workspace_id: WorkspaceId,
    /// The person it belongs to.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// As the type declares; `kind` for a `Resource`.
    #[serde(default)]
    #[schema(example = json!({ "kind": "note" }))]
    pub attributes: Map<String, Value>,
    /// Resources of the same workspace that it lies in.
    #[serde(default)]
    pub parents: Vec<ResourceId>,
}

/// What changes about a resource; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct ResourcePatch {
    /// Where it will lie.
    pub workspace_id: Option<WorkspaceId>,
    /// The person it will belong to; `Some(None)`: nobody.
    pub owner_id: Option<Option<UserId>>,
    /// Attributes by name; null takes one away (RFC 7396, for the first level).
    pub attributes: Option<Map<String, Value>>,
    /// The resources that it will lie in.
    pub parents: Option<Vec<ResourceId>>,
}

/// Whether a write made something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was not there before.
    Created,
    /// It was there, and says now what was written.
    Replaced,
}

/// The proofs that a write needs: for the workspace where the resource will lie, and, if it is moved, for the one
/// where it lies.
#[derive(Debug)]
pub struct MayWrite<'a> {
    /// Where it will lie.
    pub to: &'a Authorized<workspace::WriteResources>,
    /// Where it lies.
    pub from: Option<&'a Authorized<workspace::WriteResources>>,
}

/// The workspace in which a resource lies: what has to be authorized to do anything with it.
///
/// # Errors
/// [`Error::Unauthenticated`] for nobody in particular; [`Error::Store`].
pub async fn locate(tx: &mut Tx, caller: &Caller, id: &ResourceId) -> Result<Option<WorkspaceId>> {
    if *caller == Caller::Anonymous {
        // Whether it exists is not for nobody in particular to find out.
        return Err(Error::Unauthenticated);
    }
    if !id.is_storable() {
        return Ok(None);
    }
    let found =
        sqlx::query_scalar!("select workspace_id from resources where type = $1 and id = $2", id.kind, id.id)
            .fetch_optional(tx.connection())
            .await?;
    Ok(found.map(WorkspaceId))
}

/// As [`locate`], for many: those that are registered, and where.
pub(crate) async fn locate_all(
    tx: &mut Tx,
    caller: &Caller,
    ids: &[ResourceId],
) -> Result<HashMap<ResourceId, WorkspaceId>> {
    if *caller == Caller::Anonymous {
        return Err(Error::Unauthenticated);
    }
    let storable = || ids.iter().filter(|id| id.is_storable());
    let types: Vec<String> = storable().map(|id| id.kind.clone()).collect();
    let names: Vec<String> = storable().map(|id| id.id.clone()).collect();
    let found = sqlx::query!(
        "select r.type, r.id, r.workspace_id from resources r
         join (select distinct type, id from unnest($1::text[], $2::text[]) as wanted (type, id)) w
             on r.type = w.type and r.id = w.id",
        &types,
        &names,
    )
    .fetch_all(tx.connection())
    .await?;
    let located = found
        .into_iter()
        .map(|row| (ResourceId { kind: row.r#type, id: row.id }, WorkspaceId(row.workspace_id)));
    Ok(located.collect())
}

/// One resource.
///
/// # Errors
/// [`Error::NotFound`] if it does not lie in the workspace that was authorized.
pub async fn get(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ReadResources>,
    id: &ResourceId,
) -> Result<Resource> {
    read(tx, *allowed.target(), id).await
}

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

/// Refuses what the policy folder does not allow to be registered.
fn check(tx: &Tx, id: &ResourceId, new: &NewResource) -> Result<()> {
    let snapshot = tx.snapshot();
    let Some(uid) = snapshot.uid(&id.kind, &id.id) else {
        return Err(Error::invalid("type", format!("the policy folder declares no type {:?}", id.kind)));
    };
    if !snapshot.is_resource_type(&id.kind) {
        return Err(Error::invalid("type", format!("{} is one of Doorward's own types", id.kind)));
    }
    if !id.is_storable() {
        return Err(Error::invalid("id", format!("1 to {} characters, none of them NUL", ResourceId::MAX)));
    }
    if new.parents.len() > ResourceId::MAX_PARENTS {
        return Err(Error::invalid("parents", format!("at most {}", ResourceId::MAX_PARENTS)));
    }
    let mut parents = vec![core_uid("Workspace", &new.workspace_id.to_string())];
    for parent in &new.parents {
        if !snapshot.is_resource_type(&parent.kind) {
            return Err(Error::invalid(
                "parents",
                format!("{} is not a type of registered resources", parent.kind),
            ));
        }
        parents.extend(snapshot.uid(&parent.kind, &parent.id));
    }
    let share_list = || core_uid("ShareList", "");
    let mut own = HashMap::from([
        ("workspace", core_uid("Workspace", &new.workspace_id.to_string())),
        ("shared_viewers", share_list()),
        ("shared_editors", share_list()),
    ]);
    if let Some(owner) = new.owner_id {
        own.insert("owner", core_uid("User", &owner.to_string()));
    }
    if contains_nul(&Value::Object(new.attributes.clone())) {
        return Err(Error::invalid("attributes", "texts cannot hold NUL"));
    }
    match snapshot.resource_entity(&uid, &new.attributes, &own, &parents) {
        Ok(_) => Ok(()),
        Err(misfit) => Err(Error::invalid("attributes", misfit)),
    }
}

/// An owner has to do with the workspace: whether anybody else has an account is not for the caller to find out.
async fn check_owner(tx: &mut Tx, new: &NewResource) -> Result<()> {
    let Some(owner) = new.owner_id else { return Ok(()) };
    let belongs = sqlx::query_scalar!(
        r#"select exists (
               select from workspaces w left join memberships m on m.org_id = w.org_id and m.user_id = $2
               where w.id = $1 and (w.owner_id = $2 or m.user_id is not null)
           ) or exists (select from shares where workspace_id = $1 and grantee_user_id = $2) as "exists!""#,
        new.workspace_id.0,
        owner.0,
    )
    .fetch_one(tx.connection())
    .await?;
    if belongs {
        return Ok(());
    }
    let message =
        "not a member of the workspace's organization, nor somebody whom the workspace is shared with";
    Err(Error::invalid("owner_id", message))
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || contains_nul(value))
        }
        _ => false,
    }
}

async fn set_parents(
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

struct Row {
    workspace_id: Uuid,
    owner_id: Option<Uuid>,
    attributes: Value,
    parents: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

async fn read(tx: &mut Tx, workspace: WorkspaceId, id: &ResourceId) -> Result<Resource> {
    if !id.is_storable() {
        return Err(Error::NotFound(NOUN));
    }
    let row = sqlx::query_as!(
        Row,
        r#"select workspace_id, owner_id, attributes, created_at, updated_at, coalesce((
               select jsonb_agg(jsonb_build_object('type', p.parent_type, 'id', p.parent_id)
                                order by p.parent_type, p.parent_id)
               from resource_parents p where p.child_type = r.type and p.child_id = r.id
           ), '[]') as "parents!"
           from resources r where type = $1 and id = $2 and workspace_id = $3"#,
        id.kind,
        id.id,
        workspace.0,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(NOUN))?;
    let decode = |error: serde_json::Error| Error::Store(sqlx::Error::Decode(error.into()));
    Ok(Resource {
        id: id.clone(),
        workspace_id: WorkspaceId(row.workspace_id),
        owner_id: row.owner_id.map(UserId),
        attributes: serde_json::from_value(row.attributes).map_err(decode)?,
        parents: serde_json::from_value(row.parents).map_err(decode)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn uid(tx: &Tx, id: &ResourceId) -> Result<authz::EntityUid> {
    tx.snapshot().uid(&id.kind, &id.id).ok_or(Error::NotFound(NOUN))
}

/// What the audit log says of a resource.
fn view(resource: &Resource) -> Value {
    json!({
        "workspace_id": resource.workspace_id,
        "owner_id": resource.owner_id,
        "attributes": resource.attributes,
        "parents": resource.parents,
    })
}
