//! The trial of an account that nobody has approved yet (ACC-3). Decisions compare the times themselves; here the status
//! follows, and the owner is told.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::action::{platform, user};
use crate::audit::Change;
use crate::error::Result;
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::session::{self, SessionEnd, Which};
use crate::tx::{Authorized, Tx};

/// How long before the end its owner is reminded.
const NOTICE: Duration = Duration::from_secs(12 * 3600);

/// What a trial wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It ends soon: its owner is to be reminded.
    Reminder,
    /// It is over.
    Expiry,
}

/// At most `most` users whose trial wants something, by their ids, from behind `after` on.
///
/// # Errors
/// If the store does not answer.
pub async fn due(
    tx: &mut Tx,
    _: &Authorized<platform::SweepTrials>,
    after: Option<UserId>,
    most: u32,
) -> Result<Vec<(UserId, Due)>> {
    let now = tx.now();
    let rows = sqlx::query!(
        r#"select id, approval_due_at <= $1 as "is_over!" from users
           where status = 'pending' and id > $3
             and (approval_due_at <= $1 or (approval_due_at <= $2 and approval_reminded_at is null))
           order by id limit $4"#,
        now,
        now + NOTICE,
        after.map_or(Uuid::nil(), |id| id.0),
        i64::from(most),
    )
    .fetch_all(tx.connection())
    .await?;
    let due = |is_over| if is_over { Due::Expiry } else { Due::Reminder };
    Ok(rows.into_iter().map(|row| (UserId(row.id), due(row.is_over))).collect())
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
        session::end(tx, id, Which::AllBut(None), SessionEnd::TrialEnded).await?;
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
        let change = Change {
            before: json!({ "approval_reminded_at": null }),
            after: json!({ "approval_reminded_at": now }),
        };
        tx.record(allowed, None, &allowed.uid(), change).await?;
        tx.enqueue(&SendMail(Mail::ApprovalReminder { user_id: id })).await?;
    }
    Ok(())
}
