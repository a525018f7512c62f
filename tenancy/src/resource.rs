//! Registered resources: objects of applications, under the applications' own ids.

mod access;
mod check;
mod parents;
mod sharing;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

pub use access::{Access, access};
pub use sharing::{revoke_share, share, shares};
pub use write::{delete, patch, put};
pub(crate) use write::{queue_up, write};

use crate::action::workspace;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{ResourceId, UserId, WorkspaceId};
use crate::tx::{Authorized, Tx};

/// The word for it in errors.
const NOUN: &str = "resource";

/// A registered resource.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RegisteredResource)]
pub struct Resource {
    /// The entity type: `Resource`, or an application's such as `Docs::Document`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application's own id, 1 to 512 characters, any but NUL.
    pub id: String,
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
        kind: id.kind.clone(),
        id: id.id.clone(),
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
