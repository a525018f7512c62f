use serde_json::{Value, json};

use super::change::{delete, is_member, record, write_role};
use super::list::{Member, find};
use super::{OrgRole, owners};
use crate::action::org;
use crate::caller::Person;
use crate::error::{Error, Result};
use crate::id::{MembershipId, UserId};
use crate::tx::{Authorized, Tx};
use crate::workspace;

/// Leaves an organization.
///
/// # Errors
/// [`Error::Conflict`] for its last owner, for its last member, and for the last who can manage a private workspace.
pub async fn leave(tx: &mut Tx, allowed: &Authorized<org::Leave>) -> Result<()> {
    let id = membership(allowed)?;
    let before = find(tx, id).await?;
    let members =
        sqlx::query_scalar!(r#"select count(*) as "count!" from memberships where org_id = $1"#, id.org.0)
            .fetch_one(tx.connection())
            .await?;
    if members == 1 {
        return Err(Error::conflict(
            "last_member",
            "nobody else belongs to it: an organization ends by being deleted, not left",
        ));
    }
    owners::spare_last(tx, id).await?;
    let managed = workspace::managed_by(tx, id).await?;
    delete(tx, id).await?;
    for managers in managed {
        managers.after(tx).await?;
    }
    record(tx, allowed, id, json!({ "role": before.role }), Value::Null).await
}

/// Makes another member the owner in one's own place: whoever does so is an admin afterwards.
///
/// # Errors
/// [`Error::Conflict`] if the other one is no member with rights, or cannot sign in; [`Error::Invalid`] for oneself.
pub async fn transfer(tx: &mut Tx, allowed: &Authorized<org::Transfer>, to: UserId) -> Result<Member> {
    let from = membership(allowed)?;
    if to == from.user {
        return Err(Error::invalid("user_id", "somebody else than yourself"));
    }
    let heir = MembershipId { org: from.org, user: to };
    let Some(role) = is_member(tx, heir.org, to).await? else {
        return Err(Error::conflict(
            "not_a_member",
            "only a member whose membership does not rest can be its owner",
        ));
    };
    let now = tx.now();
    let can_act = sqlx::query_scalar!(
        r#"select (status = 'active' or status = 'pending' and approval_due_at > $2)
                  and email_verified_at is not null and not password_must_change as "can!"
           from users where id = $1"#,
        to.0,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    if !can_act {
        return Err(Error::conflict(
            "account_closed",
            "their account cannot act now: it is closed, a guest, or not verified",
        ));
    }
    write_role(tx, heir, OrgRole::Owner).await?;
    write_role(tx, from, OrgRole::Admin).await?;
    record(tx, allowed, heir, json!({ "role": role }), json!({ "role": OrgRole::Owner })).await?;
    record(tx, allowed, from, json!({ "role": OrgRole::Owner }), json!({ "role": OrgRole::Admin })).await?;
    find(tx, heir).await
}

/// The membership of whoever acts.
fn membership<A: crate::Action<Target = crate::OrgId>>(allowed: &Authorized<A>) -> Result<MembershipId> {
    let Some(Person { id, .. }) = allowed.actor().person() else { return Err(Error::Unauthenticated) };
    Ok(MembershipId { org: *allowed.target(), user: *id })
}
