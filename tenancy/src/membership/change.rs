use serde_json::{Value, json};

use super::list::{Member, find};
use super::{OrgRole, insert, owners};
use crate::action::{Action, Target as _, member, membership};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{MembershipId, OrgId, UserId};
use crate::tx::{Authorized, Tx};
use crate::workspace::{self, Managers};

/// Makes somebody a member whom the organization or whoever adds them knows: they belonged to it before, or to another one of
/// theirs. Everybody else is invited, and asked. `allowed` was asked for with [`super::role_context`] of the role.
///
/// # Errors
/// [`Error::Conflict`] if they are one already, or their account is closed; [`Error::Invalid`] if there is no such account.
pub async fn add(
    tx: &mut Tx,
    allowed: &Authorized<member::Add>,
    user: UserId,
    role: OrgRole,
) -> Result<Member> {
    let org = *allowed.target();
    let status = sqlx::query_scalar!(
        "select status from users u where id = $1
             and (exists (select from former_members f where f.org_id = $2 and f.user_id = u.id)
                  or exists (select from memberships a join memberships b on b.org_id = a.org_id
                             where a.user_id = u.id and b.user_id = $3 and b.suspended_at is null))
         for key share",
        user.0,
        org.0,
        allowed.actor().person().map(|person| person.id.0),
    )
    .fetch_optional(tx.connection())
    .await?;
    match status.as_deref() {
        None | Some("deleting") => {
            let message = "nobody whom you share an organization with; invite them by their address";
            return Err(Error::invalid("user_id", message));
        }
        Some("disabled") => return Err(Error::conflict("account_closed", "the account is closed")),
        Some(_) => {}
    }
    if !insert(tx, org, user, role).await? {
        return Err(Error::conflict("already_member", "they are a member already"));
    }
    let id = MembershipId { org, user };
    withdraw_invitations(tx, id).await?;
    record(tx, allowed, id, Value::Null, json!({ "role": role })).await?;
    find(tx, id).await
}

/// Gives a member another role. `allowed` was asked for with [`super::role_context`] of it.
///
/// # Errors
/// [`Error::Conflict`] for the last owner.
pub async fn set_role(
    tx: &mut Tx,
    allowed: &Authorized<membership::SetRole>,
    role: OrgRole,
) -> Result<Member> {
    let id = *allowed.target();
    let before = find(tx, id).await?;
    if before.role == role {
        return Ok(before);
    }
    if role != OrgRole::Owner {
        owners::spare_last(tx, id).await?;
    }
    write_role(tx, id, role).await?;
    record(tx, allowed, id, json!({ "role": before.role }), json!({ "role": role })).await?;
    find(tx, id).await
}

/// Takes a member's rights, and keeps their role for later. Where they worked in this organization, they work on their own.
///
/// # Errors
/// [`Error::Conflict`] for the last owner.
pub async fn suspend(tx: &mut Tx, allowed: &Authorized<membership::Suspend>) -> Result<Member> {
    let (id, now) = (*allowed.target(), tx.now());
    let before = find(tx, id).await?;
    if before.suspended_at.is_some() {
        return Ok(before);
    }
    owners::spare_last(tx, id).await?;
    let managed = workspace::managed_by(tx, id).await?;
    sqlx::query!(
        "update memberships set suspended_at = $3 where org_id = $1 and user_id = $2",
        id.org.0,
        id.user.0,
        now
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "update sessions set org_id = null, workspace_id = null where user_id = $2 and org_id = $1",
        id.org.0,
        id.user.0
    )
    .execute(tx.connection())
    .await?;
    record(tx, allowed, id, json!({ "suspended_at": null }), json!({ "suspended_at": now })).await?;
    hand_over(tx, allowed, managed).await?;
    find(tx, id).await
}

/// Gives a member their rights back.
///
/// # Errors
/// If the store does not answer.
pub async fn resume(tx: &mut Tx, allowed: &Authorized<membership::Resume>) -> Result<Member> {
    let id = *allowed.target();
    let before = find(tx, id).await?;
    if before.suspended_at.is_none() {
        return Ok(before);
    }
    sqlx::query!(
        "update memberships set suspended_at = null where org_id = $1 and user_id = $2",
        id.org.0,
        id.user.0
    )
    .execute(tx.connection())
    .await?;
    let told = json!({ "suspended_at": before.suspended_at });
    record(tx, allowed, id, told, json!({ "suspended_at": null })).await?;
    find(tx, id).await
}

/// Puts a member out, with their roles in its workspaces and what was shared with them there. A private workspace that nobody
/// could manage then goes to the first of those who are in it.
///
/// # Errors
/// [`Error::Conflict`] for the last owner.
pub async fn remove(tx: &mut Tx, allowed: &Authorized<membership::Remove>) -> Result<()> {
    let id = *allowed.target();
    let before = find(tx, id).await?;
    owners::spare_last(tx, id).await?;
    let managed = workspace::managed_by(tx, id).await?;
    delete(tx, id).await?;
    record(tx, allowed, id, json!({ "role": before.role }), Value::Null).await?;
    hand_over(tx, allowed, managed).await
}

/// Private workspaces that nobody could manage any more go to the first of those who are in them.
async fn hand_over<A: Action<Target = MembershipId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    managed: Vec<Managers>,
) -> Result<()> {
    for managers in managed {
        if let Some((workspace, heir)) = managers.hand_over(tx).await? {
            let change = Change { before: Value::Null, after: json!({ "user_id": heir, "role": "admin" }) };
            tx.record(allowed, Some(allowed.target().org), &workspace.uid(), change).await?;
        }
    }
    Ok(())
}

pub(super) async fn write_role(tx: &mut Tx, id: MembershipId, role: OrgRole) -> Result<()> {
    sqlx::query!(
        "update memberships set role = $3 where org_id = $1 and user_id = $2",
        id.org.0,
        id.user.0,
        role.as_str()
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Ends a membership. Foreign keys and triggers see to what goes with it: roles in workspaces, shares, and where they work.
pub(super) async fn delete(tx: &mut Tx, id: MembershipId) -> Result<()> {
    withdraw_invitations(tx, id).await?;
    sqlx::query!("delete from memberships where org_id = $1 and user_id = $2", id.org.0, id.user.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

pub(super) async fn record<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    id: MembershipId,
    before: Value,
    after: Value,
) -> Result<()> {
    tx.record(allowed, Some(id.org), &id.uid(), Change { before, after }).await
}

/// Ends the invitations of whoever begins or ceases to belong to an organization: an old link must not bring anybody back.
pub(super) async fn withdraw_invitations(tx: &mut Tx, id: MembershipId) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update invitations i set revoked_at = $3, ended_at = $3 from users u
         where i.org_id = $1 and u.id = $2 and lower(i.email) = lower(u.email) and i.ended_at is null",
        id.org.0,
        id.user.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether somebody belongs to an organization, with rights or without.
pub(super) async fn is_member(tx: &mut Tx, org: OrgId, user: UserId) -> Result<Option<OrgRole>> {
    let role = sqlx::query_scalar!(
        "select role from memberships where org_id = $1 and user_id = $2 and suspended_at is null",
        org.0,
        user.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(role.as_deref().and_then(OrgRole::parse))
}
