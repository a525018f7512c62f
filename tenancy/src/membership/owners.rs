//! What keeps an organization from losing its last owner.

use crate::error::{Error, Result};
use crate::id::MembershipId;
use crate::tx::Tx;

/// Refuses what would leave an organization without an owner who can act. The caller holds the organization's lock: the
/// actions that come here take it before they are decided.
pub(super) async fn spare_last(tx: &mut Tx, id: MembershipId) -> Result<()> {
    let now = tx.now();
    let is_last = sqlx::query_scalar!(
        r#"with owner as (
               select m.user_id from memberships m join users u on u.id = m.user_id
               where m.org_id = $1 and m.role = 'owner' and m.suspended_at is null
                 and (u.status = 'active' or u.status = 'pending' and u.approval_due_at > $3)
                 and u.email_verified_at is not null and not u.password_must_change
           )
           select exists (select from memberships where org_id = $1 and user_id = $2 and role = 'owner')
              and not exists (select from owner where user_id <> $2) as "is!""#,
        id.org.0,
        id.user.0,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    if is_last {
        return Err(Error::conflict(
            "last_owner",
            "an organization keeps an owner; make somebody else one before",
        ));
    }
    Ok(())
}
