//! Workspaces do not get out of hand: somebody can manage each of an organization's, whatever is done to its members.

use crate::action::workspace;
use crate::error::{Error, Result};
use crate::id::{MembershipId, UserId, WorkspaceId};
use crate::tx::Tx;

/// Whether a person can manage a workspace before something is done to them there. The organization's lock is held.
pub(crate) struct Managers {
    workspace: WorkspaceId,
    was: Powers,
}

/// What those who manage a workspace can do: change its members, and where an organization is read-only at least see
/// with whom it is shared.
#[derive(Debug, Clone, Copy)]
struct Powers {
    changes: bool,
    sees: bool,
}

impl Managers {
    /// What somebody can do now.
    pub(crate) async fn before(tx: &mut Tx, workspace: WorkspaceId, user: UserId) -> Result<Self> {
        Ok(Self { workspace, was: powers(tx, workspace, &[user]).await? })
    }

    /// Of somebody who could manage the workspace as long as their account was open.
    pub(crate) fn until_now(workspace: WorkspaceId) -> Self {
        Self { workspace, was: Powers { changes: true, sees: true } }
    }

    /// Now that it is done, and nobody could manage the workspace any more: the first of its members does from now on, by
    /// role and by how long they are in it. None if somebody else can, or nobody is left in it.
    pub(crate) async fn hand_over(self, tx: &mut Tx) -> Result<Option<(WorkspaceId, UserId)>> {
        if !self.was.changes || has_manager(tx, self.workspace).await? {
            return Ok(None);
        }
        let heir = sqlx::query_scalar!(
            "update workspace_members set role = 'admin' where (workspace_id, user_id) = (
                 select wm.workspace_id, wm.user_id from workspace_members wm
                 join memberships m on m.org_id = wm.org_id and m.user_id = wm.user_id and m.suspended_at is null
                 where wm.workspace_id = $1
                 order by array_position(array['admin', 'editor', 'viewer'], wm.role), wm.created_at, wm.user_id limit 1)
             returning user_id",
            self.workspace.0,
        )
        .fetch_optional(tx.connection())
        .await?;
        Ok(heir.map(|heir| (self.workspace, UserId(heir))))
    }

    /// Sees that somebody can still do it, now that it is done.
    ///
    /// # Errors
    /// [`Error::Conflict`] `last_admin`, with which the transaction has to end.
    pub(crate) async fn after(self, tx: &mut Tx) -> Result<()> {
        let people = people(tx, self.workspace).await?;
        let are = powers(tx, self.workspace, &people).await?;
        if (self.was.changes && !are.changes) || (self.was.sees && !are.sees) {
            return Err(Error::conflict(
                "last_admin",
                "nobody else could manage the workspace; make somebody else its admin first",
            ));
        }
        Ok(())
    }
}

/// What somebody can do in each workspace of an organization that they are an admin of, before they leave it or are put out.
pub(crate) async fn managed_by(tx: &mut Tx, id: MembershipId) -> Result<Vec<Managers>> {
    let workspaces = sqlx::query_scalar!(
        "select workspace_id from workspace_members where org_id = $1 and user_id = $2 and role = 'admin'
         order by workspace_id",
        id.org.0,
        id.user.0,
    )
    .fetch_all(tx.connection())
    .await?;
    let mut managed = vec![];
    for workspace in workspaces {
        managed.push(Managers::before(tx, WorkspaceId(workspace), id.user).await?);
    }
    Ok(managed)
}

/// Whether anybody of the organization can manage a workspace.
pub(super) async fn has_manager(tx: &mut Tx, workspace: WorkspaceId) -> Result<bool> {
    let people = people(tx, workspace).await?;
    tx.anyone_may::<workspace::SetMemberRole>(&people, &workspace).await
}

async fn powers(tx: &mut Tx, workspace: WorkspaceId, people: &[UserId]) -> Result<Powers> {
    Ok(Powers {
        changes: tx.anyone_may::<workspace::SetMemberRole>(people, &workspace).await?,
        sees: tx.anyone_may::<workspace::ListShares>(people, &workspace).await?,
    })
}

/// Those of the organization who may have something to say in a workspace, the likeliest first.
async fn people(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<UserId>> {
    let ids = sqlx::query_scalar!(
        "select m.user_id from workspaces w
         join memberships m on m.org_id = w.org_id and m.suspended_at is null
         left join workspace_members wm on wm.workspace_id = w.id and wm.user_id = m.user_id
         where w.id = $1
         order by array_position(array['admin', 'editor', 'viewer'], wm.role),
                  array_position(array['owner', 'admin', 'manager', 'member'], m.role), m.user_id",
        workspace.0,
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// Takes a workspace out of the sessions of those who work there and do not see it any more.
pub(crate) async fn forget_unseen(tx: &mut Tx, workspace: WorkspaceId) -> Result<()> {
    let people = sqlx::query_scalar!(
        "select distinct user_id from sessions where workspace_id = $1 and revoked_at is null order by user_id",
        workspace.0,
    )
    .fetch_all(tx.connection())
    .await?;
    for id in people {
        if !tx.anyone_may::<workspace::View>(&[UserId(id)], &workspace).await? {
            sqlx::query!(
                "update sessions set workspace_id = null where user_id = $1 and workspace_id = $2",
                id,
                workspace.0,
            )
            .execute(tx.connection())
            .await?;
        }
    }
    Ok(())
}
