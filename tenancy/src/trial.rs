//! The trial of an account that nobody has approved yet (ACC-3). Decisions compare the times themselves; here the status
//! follows, and the owner is told.

use std::time::Duration;

use serde_json::json;

use crate::action::{platform, user};
use crate::audit::Change;
use crate::error::Result;
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::tx::{Authorized, Tx};

/// How long before the end its owner is reminded.
const NOTICE: Duration = Duration::from_secs(12 * 3600);

/// Whose trial wants something done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueTrials {
    /// It ends soon.
    pub to_remind: Vec<UserId>,
    /// It is over.
    pub to_expire: Vec<UserId>,
}

/// At most `most` of each kind, the most urgent first.
///
/// # Errors
/// If the store does not answer.
pub async fn due(tx: &mut Tx, _: &Authorized<platform::SweepTrials>, most: u32) -> Result<DueTrials> {
    let now = tx.now();
    let to_remind = sqlx::query_scalar!(
        "select id from users
         where status = 'pending' and approval_due_at > $1 and approval_due_at <= $2 and approval_reminded_at is null
         order by approval_due_at limit $3",
        now,
        now + NOTICE,
        i64::from(most),
    )
    .fetch_all(tx.connection())
    .await?;
    let to_expire = sqlx::query_scalar!(
        "select id from users where status = 'pending' and approval_due_at <= $1 order by approval_due_at limit $2",
        now,
        i64::from(most),
    )
    .fetch_all(tx.connection())
    .await?;
    let users = |ids: Vec<_>| ids.into_iter().map(UserId).collect();
    Ok(DueTrials { to_remind: users(to_remind), to_expire: users(to_expire) })
}

/// Makes a guest of a user whose trial is over, and tells them. Does nothing if it is not, any more: whoever approves or
/// prolongs at the same time wins or loses as a whole.
///
/// # Errors
/// If the store does not answer.
pub async fn expire(tx: &mut Tx, allowed: &Authorized<user::Expire>) -> Result<()> {
    let (id, now) = (*allowed.target(), tx.now());
    let done = sqlx::query!(
        "update users set status = 'expired' where id = $1 and status = 'pending' and approval_due_at <= $2",
        id.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    if done.rows_affected() == 1 {
        let change = Change { before: json!({ "status": "pending" }), after: json!({ "status": "expired" }) };
        tx.record(allowed, None, &allowed.uid(), change).await?;
        tx.enqueue(&SendMail(Mail::Expired { user_id: id })).await?;
    }
    Ok(())
}

/// Tells a user that their trial ends soon, once for each deadline.
///
/// # Errors
/// If the store does not answer.
pub async fn remind(tx: &mut Tx, allowed: &Authorized<user::Remind>) -> Result<()> {
    let (id, now) = (*allowed.target(), tx.now());
    let done = sqlx::query!(
        "update users set approval_reminded_at = $2
         where id = $1 and status = 'pending' and approval_due_at > $2 and approval_reminded_at is null",
        id.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    if done.rows_affected() == 1 {
        tx.enqueue(&SendMail(Mail::ApprovalReminder { user_id: id })).await?;
    }
    Ok(())
}
