use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Visibility;
use crate::action::{Target as _, workspace};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{OrgId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace_member::WorkspaceRole;

/// A workspace, as whoever asks sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Workspace {
    /// The id.
    pub id: WorkspaceId,
    /// The organization; none for a personal workspace.
    pub org_id: Option<OrgId>,
    /// The name.
    #[schema(example = "Research")]
    pub name: String,
    /// Who gets in without being added.
    pub visibility: Visibility,
    /// Whether people come to it first.
    pub is_default: bool,
    /// Your own role in it; none for who gets in in another way.
    pub role: Option<WorkspaceRole>,
    /// How many members it has; none for who may not list them.
    pub member_count: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts its changes.
    pub version: i64,
}

/// The workspace that a path names, if it is this organization's. Tells nothing else of it: what may be done to it has to be
/// decided.
///
/// # Errors
/// [`Error::NotFound`]
pub async fn in_org(tx: &mut Tx, org: OrgId, id: WorkspaceId) -> Result<WorkspaceId> {
    let is_there = sqlx::query_scalar!(
        r#"select exists (select from workspaces where id = $1 and org_id = $2) as "is!""#,
        id.0,
        org.0
    )
    .fetch_one(tx.connection())
    .await?;
    if is_there { Ok(id) } else { Err(Error::NotFound(WorkspaceId::NOUN)) }
}

/// A workspace.
///
/// # Errors
/// If the store does not answer.
pub async fn get(tx: &mut Tx, allowed: &Authorized<workspace::View>) -> Result<Workspace> {
    find(tx, allowed.actor(), *allowed.target()).await
}

/// One workspace, for somebody who may see it.
pub(super) async fn find(tx: &mut Tx, caller: &Caller, id: WorkspaceId) -> Result<Workspace> {
    read(tx, caller, &[id]).await?.pop().ok_or(Error::NotFound(WorkspaceId::NOUN))
}

/// These workspaces in this order, for somebody who may see them.
pub(super) async fn read(tx: &mut Tx, caller: &Caller, ids: &[WorkspaceId]) -> Result<Vec<Workspace>> {
    let countable = tx.filter::<workspace::ListMembers>(caller, ids.to_vec()).await?;
    let countable: Vec<Uuid> = countable.iter().map(|allowed| allowed.target().0).collect();
    let all: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select w.id, w.org_id, w.name, w.visibility, w.is_default, w.created_at, w.version, m.role as "role?",
                  case when w.id = any ($2) then (select count(*) from workspace_members c where c.workspace_id = w.id) end
                      as member_count
           from unnest($1::uuid[]) with ordinality as wanted (id, place)
           join workspaces w on w.id = wanted.id
           left join workspace_members m on m.workspace_id = w.id and m.user_id = $3
           order by wanted.place"#,
        &all,
        &countable,
        caller.person().map(|person| person.id.0),
    )
    .fetch_all(tx.connection())
    .await?;
    let workspaces = rows.into_iter().filter_map(|row| {
        Some(Workspace {
            id: WorkspaceId(row.id),
            org_id: row.org_id.map(OrgId),
            name: row.name,
            visibility: Visibility::parse(&row.visibility)?,
            is_default: row.is_default,
            role: row.role.as_deref().and_then(WorkspaceRole::parse),
            member_count: row.member_count,
            created_at: row.created_at,
            version: row.version,
        })
    });
    Ok(workspaces.collect())
}
