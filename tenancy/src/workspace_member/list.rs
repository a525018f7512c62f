use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::WorkspaceRole;
use crate::action::workspace;
use crate::error::{Error, Result};
use crate::id::{UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};

/// What a member is called in errors.
pub(super) const NOUN: &str = "member";

/// Somebody's place in a workspace, for those who may know of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkspaceMember {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "Olga")]
    pub name: String,
    /// Their address.
    #[schema(format = Email, example = "olga@example.com")]
    pub email: String,
    /// Their role.
    pub role: WorkspaceRole,
    /// Whether it gives nothing now, because their membership of the organization is suspended.
    pub is_suspended: bool,
    /// When they came in.
    pub created_at: DateTime<Utc>,
}

/// The members of a workspace: admins first, then editors, then viewers, each by name.
///
/// # Errors
/// If the store does not answer.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ListMembers>,
    page: Page,
) -> Result<Paged<WorkspaceMember>> {
    let id = *allowed.target();
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from workspace_members where workspace_id = $1"#,
        id.0
    )
    .fetch_one(tx.connection())
    .await?;
    let members = read(tx, id, None, page.limit(), page.offset()).await?;
    Ok(page.of(members, total))
}

pub(super) async fn find(tx: &mut Tx, id: WorkspaceId, user: UserId) -> Result<WorkspaceMember> {
    read(tx, id, Some(user), 1, 0).await?.pop().ok_or(Error::NotFound(NOUN))
}

async fn read(
    tx: &mut Tx,
    id: WorkspaceId,
    one: Option<UserId>,
    limit: i64,
    offset: i64,
) -> Result<Vec<WorkspaceMember>> {
    let rows = sqlx::query!(
        r#"select wm.user_id, wm.role, wm.created_at, u.name, u.email, m.suspended_at is not null as "is_suspended!"
           from workspace_members wm join users u on u.id = wm.user_id
           left join memberships m on m.org_id = wm.org_id and m.user_id = wm.user_id
           where wm.workspace_id = $1 and ($2::uuid is null or wm.user_id = $2)
           order by array_position(array['admin', 'editor', 'viewer'], wm.role), lower(u.name), u.id
           limit $3 offset $4"#,
        id.0,
        one.map(|user| user.0),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    let members = rows.into_iter().filter_map(|row| {
        Some(WorkspaceMember {
            user_id: UserId(row.user_id),
            name: row.name,
            email: row.email,
            role: WorkspaceRole::parse(&row.role)?,
            is_suspended: row.is_suspended,
            created_at: row.created_at,
        })
    });
    Ok(members.collect())
}
