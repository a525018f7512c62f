use serde_json::json;

use crate::account::lock;
use crate::action::user;
use crate::audit::Change;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::jobs::SendMail;
use crate::link::{self, LinkPurpose, LinkToken};
use crate::mail::Mail;
use crate::tx::{Authorized, Request, Tx};

/// Notes that an address is its owner's, by the link that was mailed to it.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Gone`] for links that are not good.
pub async fn verify_email(db: &Db, request: Request, token: &LinkToken) -> Result<()> {
    let mut tx = db.begin(request).await?;
    let taken = link::take(&mut tx, token, &[LinkPurpose::VerifyEmail]).await?;
    let id = taken.user.ok_or(Error::NotFound("link"))?;
    let allowed = tx.authorize::<user::VerifyEmail>(&Caller::User(Person::without_session(id)), id).await?;
    let now = tx.now();
    let verified = sqlx::query!(
        "update users set email_verified_at = $2 where id = $1 and email_verified_at is null",
        id.0,
        now
    )
    .execute(tx.connection())
    .await?;
    if verified.rows_affected() == 1 {
        let change = Change {
            before: json!({ "email_verified_at": null }),
            after: json!({ "email_verified_at": now }),
        };
        tx.record(&allowed, None, &allowed.uid(), change).await?;
        tx.enqueue(&SendMail(Mail::Welcome { user_id: id })).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Mails the link again; the one before is dead.
///
/// # Errors
/// [`Error::Conflict`] if the address is verified already.
pub async fn resend_verification(tx: &mut Tx, allowed: &Authorized<user::ResendVerification>) -> Result<()> {
    let id = *allowed.target();
    let Some(email) = lock(tx, id).await? else { return Ok(()) };
    let is_verified = sqlx::query_scalar!(
        r#"select email_verified_at is not null as "is!" from users where id = $1"#,
        id.0
    )
    .fetch_one(tx.connection())
    .await?;
    if is_verified {
        return Err(Error::conflict("already_verified", "the address is verified already"));
    }
    let link_id = link::create(tx, LinkPurpose::VerifyEmail, Some((id, email.as_str()))).await?;
    tx.enqueue(&SendMail(Mail::Verification { user_id: id, link_id })).await?;
    tx.record(allowed, None, &allowed.uid(), Change::default()).await
}
