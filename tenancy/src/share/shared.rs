//! What others share with somebody.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::ShareLevel;
use super::grantee::Grantee;
use crate::action::user;
use crate::error::Result;
use crate::id::{AgentId, ShareId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// What kind of thing is shared.
    SharedKind {
        /// A workspace as a whole.
        Workspace = "workspace",
        /// An object of an application.
        Resource = "resource",
        /// An agent.
        Agent = "agent",
    }
}

/// Something that is shared with a person, as they are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SharedThing {
    /// The share.
    pub id: ShareId,
    /// What kind of thing it is.
    pub kind: SharedKind,
    /// The workspace that is shared, or that the resource lies in.
    pub workspace_id: Option<WorkspaceId>,
    /// The resource's type.
    pub resource_type: Option<String>,
    /// The resource's id.
    pub resource_id: Option<String>,
    /// The agent.
    pub agent_id: Option<AgentId>,
    /// The name of the workspace or agent that is shared; resources have none here.
    pub name: Option<String>,
    /// By what it is theirs: themselves, an organization or a workspace that they are in.
    pub grantee: Grantee,
    /// What it gives.
    pub level: ShareLevel,
    /// From when on it gives nothing; none: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What is shared with a person now, newest first: with themselves, with an organization that they are a member of, or
/// with a workspace that they are in. A share that has expired, or whose membership rests, is none.
///
/// # Errors
/// If the store does not answer.
pub async fn shared_with(
    tx: &mut Tx,
    allowed: &Authorized<user::ListShared>,
    kind: Option<SharedKind>,
    page: Page,
) -> Result<Paged<SharedThing>> {
    let rows = sqlx::query!(
        r#"with org as (select org_id from memberships where user_id = $1 and suspended_at is null),
           place as (
               select wm.workspace_id from workspace_members wm
               left join memberships m on m.org_id = wm.org_id and m.user_id = wm.user_id
               where wm.user_id = $1 and m.suspended_at is null
           )
           select s.id, s.grantee, s.level, s.expires_at, s.created_at, s.agent_id, s.resource_type, s.resource_id,
                  coalesce(s.workspace_id, r.workspace_id) as workspace_id,
                  case when s.agent_id is not null then 'agent' when s.resource_id is not null then 'resource'
                       else 'workspace' end as "kind!",
                  case when s.resource_id is null then coalesce(w.name, a.agent_type) end as name,
                  count(*) over () as "total!"
           from shares s
           left join resources r on r.type = s.resource_type and r.id = s.resource_id
           left join workspaces w on w.id = coalesce(s.workspace_id, r.workspace_id)
           left join agents a on a.id = s.agent_id
           where (s.grantee_user_id = $1 or s.grantee_org_id in (select org_id from org)
                  or s.grantee_workspace_id in (select workspace_id from place))
             and (s.expires_at is null or s.expires_at > $2) and w.deleting_at is null
             and (a.id is null or a.is_active)
             and ($3::text is null
                  or $3 = case when s.agent_id is not null then 'agent' when s.resource_id is not null then 'resource'
                               else 'workspace' end)
           order by s.created_at desc, s.id desc limit $4 offset $5"#,
        allowed.target().0,
        tx.now(),
        kind.map(SharedKind::as_str),
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let things = rows.into_iter().filter_map(|row| {
        Some(SharedThing {
            id: ShareId(row.id),
            kind: SharedKind::parse(&row.kind)?,
            workspace_id: row.workspace_id.map(WorkspaceId),
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            agent_id: row.agent_id.map(AgentId),
            name: row.name,
            grantee: Grantee::parse(&row.grantee)?,
            level: ShareLevel::parse(&row.level)?,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    });
    Ok(page.of(things.collect(), total))
}
