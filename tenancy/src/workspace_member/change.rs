use serde_json::json;

use super::list::{NOUN, find};
use super::{WorkspaceMember, WorkspaceRole, insert};
use crate::action::{Action, workspace};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{UserId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace::{Managers, forget_unseen, org_of};

/// Lets a member of the organization into a workspace.
///
/// # Errors
/// [`Error::Conflict`]: `not_a_member` of the organization, or `already_member` of the workspace.
pub async fn add(
    tx: &mut Tx,
    allowed: &Authorized<workspace::AddMember>,
    user: UserId,
    role: WorkspaceRole,
) -> Result<WorkspaceMember> {
    let id = *allowed.target();
    let is_member = sqlx::query_scalar!(
        r#"select exists (select from memberships m join workspaces w on w.org_id = m.org_id
                          where w.id = $1 and m.user_id = $2) as "is!""#,
        id.0,
        user.0
    )
    .fetch_one(tx.connection())
    .await?;
    if !is_member {
        return Err(Error::conflict(
            "not_a_member",
            "whoever is let in is a member of the organization first",
        ));
    }
    if !insert(tx, id, user, role).await? {
        return Err(Error::conflict("already_member", "this member is in the workspace already"));
    }
    let after = json!({ "user_id": user, "role": role });
    note(tx, allowed, Change { after, ..Change::default() }).await?;
    find(tx, id, user).await
}

/// Gives a member of a workspace another role.
///
/// # Errors
/// [`Error::NotFound`] if they are not in it; [`Error::Conflict`] `last_admin` if nobody could manage it then.
pub async fn set_role(
    tx: &mut Tx,
    allowed: &Authorized<workspace::SetMemberRole>,
    user: UserId,
    role: WorkspaceRole,
) -> Result<WorkspaceMember> {
    let id = *allowed.target();
    let before = find(tx, id, user).await?;
    if before.role == role {
        return Ok(before);
    }
    let managers = Managers::before(tx, id, user).await?;
    sqlx::query!(
        "update workspace_members set role = $3 where workspace_id = $1 and user_id = $2",
        id.0,
        user.0,
        role.as_str(),
    )
    .execute(tx.connection())
    .await?;
    managers.after(tx).await?;
    let change = Change {
        before: json!({ "user_id": user, "role": before.role }),
        after: json!({ "user_id": user, "role": role }),
    };
    note(tx, allowed, change).await?;
    find(tx, id, user).await
}

/// Puts a member out of a workspace.
///
/// # Errors
/// As [`set_role`].
pub async fn remove(tx: &mut Tx, allowed: &Authorized<workspace::RemoveMember>, user: UserId) -> Result<()> {
    take_out(tx, allowed, user).await
}

/// Leaves a workspace.
///
/// # Errors
/// As [`set_role`].
pub async fn leave(tx: &mut Tx, allowed: &Authorized<workspace::Leave>) -> Result<()> {
    let user = allowed.actor().person().map(|person| person.id).ok_or(Error::NotFound(NOUN))?;
    take_out(tx, allowed, user).await
}

async fn take_out<A: Action<Target = WorkspaceId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    user: UserId,
) -> Result<()> {
    let id = *allowed.target();
    let managers = Managers::before(tx, id, user).await?;
    let role = sqlx::query_scalar!(
        "delete from workspace_members where workspace_id = $1 and user_id = $2 returning role",
        id.0,
        user.0,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(NOUN))?;
    managers.after(tx).await?;
    forget_unseen(tx, id).await?;
    let before = json!({ "user_id": user, "role": role });
    note(tx, allowed, Change { before, ..Change::default() }).await
}

async fn note<A: Action<Target = WorkspaceId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    change: Change,
) -> Result<()> {
    let org = org_of(tx, *allowed.target()).await?;
    tx.record(allowed, org, &allowed.uid(), change).await
}
