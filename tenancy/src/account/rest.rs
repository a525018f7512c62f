use serde_json::json;

use crate::action::user;
use crate::administration;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::session::{self, SessionEnd, Which};
use crate::tx::{Authorized, Tx};
use crate::user::AccountStatus;

/// Puts an account to rest: its sessions end, its data stays. The caller holds [`administration::lock`].
///
/// # Errors
/// [`Error::Conflict`] for the last super admin, whom nobody could replace.
pub async fn deactivate(tx: &mut Tx, allowed: &Authorized<user::Deactivate>) -> Result<()> {
    let (id, now) = (*allowed.target(), tx.now());
    administration::spare_last_super_admin(tx, id).await?;
    let before = status(tx, id).await?;
    sqlx::query!("update users set status = 'deactivated', deactivated_at = $2 where id = $1", id.0, now)
        .execute(tx.connection())
        .await?;
    session::end(tx, id, Which::AllBut(None), SessionEnd::Deactivated).await?;
    let change = Change {
        before: json!({ "status": before }),
        after: json!({ "status": AccountStatus::Deactivated }),
    };
    tx.record(allowed, None, &allowed.uid(), change).await
}

/// Takes an account up again: approved as before, or in what is left of its trial, or as a guest.
///
/// # Errors
/// [`Error::Conflict`] if it is not at rest.
pub async fn reactivate(tx: &mut Tx, allowed: &Authorized<user::Reactivate>) -> Result<()> {
    let (id, now) = (*allowed.target(), tx.now());
    let after = sqlx::query_scalar!(
        "update users set deactivated_at = null, status = case
             when approved_at is not null then 'active' when approval_due_at > $2 then 'pending' else 'expired' end
         where id = $1 and status = 'deactivated' returning status",
        id.0,
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(after) = after else {
        return Err(Error::conflict("not_deactivated", "the account is not deactivated"));
    };
    let change =
        Change { before: json!({ "status": AccountStatus::Deactivated }), after: json!({ "status": after }) };
    tx.record(allowed, None, &allowed.uid(), change).await
}

async fn status(tx: &mut Tx, id: UserId) -> Result<String> {
    let status = sqlx::query_scalar!("select status from users where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    Ok(status)
}
