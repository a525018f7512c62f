//! Registered resources: objects of applications, under the applications' own ids.

use std::collections::HashMap;

use authz::core_uid;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::action::{Authorized, workspace};
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{OrgId, ResourceId, UserId, WorkspaceId};
use crate::tx::Tx;

/// The word for it in errors.
const NOUN: &str = "resource";

/// A registered resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// The workspace that it lies in.
    pub workspace_id: WorkspaceId,
    /// The person it belongs to.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// As the type declares.
    #[serde(default)]
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
    let before = match may.from {
        Some(from) => Some(read(tx, *from.target(), id).await?),
        None => None,
    };
    let written = write(tx, &may, id, new).await?;
    let after = read(tx, *may.to.target(), id).await?;
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
    // Two patches at once must not undo one another.
    sqlx::query!("select id from resources where type = $1 and id = $2 for update", id.kind, id.id)
        .fetch_optional(tx.connection())
        .await?;
    let from = may.from.map_or(*may.to.target(), |from| *from.target());
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

/// [`put`] without a word in the audit log or in return, for callers that write many and record them together.
pub(crate) async fn write(
    tx: &mut Tx,
    may: &MayWrite<'_>,
    id: &ResourceId,
    new: &NewResource,
) -> Result<Written> {
    let to = *may.to.target();
    if new.workspace_id != to {
        return Err(Error::NotFound("workspace"));
    }
    check(tx, id, new)?;
    let now = tx.now();
    let from = may.from.map_or(to, |from| *from.target());
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
    // Writers of parents in one workspace queue up here: two of them could make a circle together that neither sees.
    sqlx::query!("select id from workspaces where id = $1 for no key update", workspace.0)
        .fetch_optional(tx.connection())
        .await?;
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
    for parent in parents {
        if !parent.is_storable() {
            return Err(Error::invalid("parents", "an id of 1 to 512 characters, none of them NUL"));
        }
        let added = sqlx::query!(
            "insert into resource_parents (child_type, child_id, parent_type, parent_id)
             select $1, $2, type, id from resources where type = $3 and id = $4 and workspace_id = $5
             on conflict do nothing",
            id.kind,
            id.id,
            parent.kind,
            parent.id,
            workspace.0,
        )
        .execute(tx.connection())
        .await?;
        let is_repeated = parents.iter().filter(|other| *other == parent).count() > 1;
        if added.rows_affected() == 0 && !is_repeated {
            let message = format!("there is no {} {:?} in this workspace", parent.kind, parent.id);
            return Err(Error::invalid("parents", message));
        }
    }
    if parents.is_empty() {
        return Ok(());
    }
    let is_circle = sqlx::query_scalar!(
        r#"with recursive above (type, id) as (
               select parent_type, parent_id from resource_parents where child_type = $1 and child_id = $2
               union
               select p.parent_type, p.parent_id from resource_parents p
               join above a on p.child_type = a.type and p.child_id = a.id
           )
           select exists (select from above where type = $1 and id = $2) as "exists!""#,
        id.kind,
        id.id,
    )
    .fetch_one(tx.connection())
    .await?;
    if is_circle { Err(Error::invalid("parents", "a resource cannot lie in itself")) } else { Ok(()) }
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

async fn org_of(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<OrgId>> {
    let org = sqlx::query_scalar!("select org_id from workspaces where id = $1", workspace.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(org.flatten().map(OrgId))
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
