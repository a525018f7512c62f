//! The second factor of an account: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who has lost
//! it. It counts from the moment that its owner has shown a code of it.

mod recovery;
mod totp;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

pub use self::recovery::RecoveryCodes;
pub use self::totp::Enrolment;
use self::totp::Secret;

use crate::account::lock;
use crate::action::user;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::master_key::Purpose;
use crate::session::{self, SessionEnd, Which};
use crate::tx::{Authorized, Tx};

/// How an account stands with its second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when it is asked for; none while there is none, or none that was confirmed.
    pub since: Option<DateTime<Utc>>,
    /// How many recovery codes have not been used.
    pub recovery_codes_left: u32,
}

/// The second factor of somebody.
///
/// # Errors
/// If the store does not answer.
pub async fn state(tx: &mut Tx, allowed: &Authorized<user::View>) -> Result<SecondFactor> {
    let id = *allowed.target();
    let since = sqlx::query_scalar!("select confirmed_at from second_factors where user_id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(SecondFactor { since: since.flatten(), recovery_codes_left: recovery::left(tx, id).await? })
}

/// Begins to set up a second factor, or begins anew: an earlier attempt that was not confirmed is forgotten.
///
/// # Errors
/// [`Error::Conflict`] `second_factor_exists` if one is in force.
pub async fn enrol(tx: &mut Tx, allowed: &Authorized<user::ManageSecondFactor>) -> Result<Enrolment> {
    let (id, now) = (*allowed.target(), tx.now());
    let secret = Secret::new(tx.random().bytes());
    let sealed = tx.master_key().seal(Purpose::SecondFactor, id.0.as_bytes(), secret.expose())?;
    let begun = sqlx::query!(
        "insert into second_factors (user_id, sealed_secret, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set sealed_secret = $2, created_at = $3, last_step = 0
         where second_factors.confirmed_at is null",
        id.0,
        sealed,
        now,
    )
    .execute(tx.connection())
    .await?;
    if begun.rows_affected() == 0 {
        return Err(exists());
    }
    let email =
        sqlx::query_scalar!("select email from users where id = $1", id.0).fetch_one(tx.connection()).await?;
    let change = Change { before: json!(null), after: json!({ "second_factor": "unconfirmed" }) };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    secret.enrolment(&email)
}

/// Puts the second factor into force, for who can make a code of it, and gives the recovery codes. That code is good for
/// nothing else. All other sessions end.
///
/// # Errors
/// [`Error::Invalid`] if the code is wrong; [`Error::NotFound`] if nothing was begun; [`Error::Conflict`]
/// `second_factor_exists` if it is in force already.
pub async fn confirm(
    tx: &mut Tx,
    allowed: &Authorized<user::ManageSecondFactor>,
    code: &str,
) -> Result<RecoveryCodes> {
    let (id, now) = (*allowed.target(), tx.now());
    // Whoever signs in at the same time has come in before, and is out, or comes in after, and shows a code.
    lock(tx, id).await?;
    let begun = sqlx::query!(
        "select sealed_secret, confirmed_at from second_factors where user_id = $1 for update",
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    let begun = begun.ok_or(Error::NotFound("second factor"))?;
    if begun.confirmed_at.is_some() {
        return Err(exists());
    }
    let step = open(tx, id, &begun.sealed_secret)?.step(&plain(code), now);
    let step = step.ok_or_else(|| Error::invalid("code", "not a code that the app shows now"))?;
    sqlx::query!(
        "update second_factors set confirmed_at = $2, last_step = $3 where user_id = $1",
        id.0,
        now,
        step,
    )
    .execute(tx.connection())
    .await?;
    let codes = recovery::issue(tx, id).await?;
    let change = Change {
        before: json!({ "second_factor": false }),
        after: json!({ "second_factor": true, "recovery_codes": codes.len() }),
    };
    changed(tx, allowed).await?;
    tx.record(allowed, None, &allowed.uid(), change).await?;
    Ok(codes)
}

/// Takes the second factor away, and the recovery codes with it; all other sessions end. Or gives up to set one up.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn remove(tx: &mut Tx, allowed: &Authorized<user::ManageSecondFactor>) -> Result<()> {
    let id = *allowed.target();
    lock(tx, id).await?;
    let removed = sqlx::query_scalar!(
        r#"delete from second_factors where user_id = $1 returning confirmed_at is not null as "was_in_force!""#,
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    let was_in_force = removed.ok_or(Error::NotFound("second factor"))?;
    recovery::forget(tx, id).await?;
    let before = if was_in_force { json!(true) } else { json!("unconfirmed") };
    let change =
        Change { before: json!({ "second_factor": before }), after: json!({ "second_factor": false }) };
    if was_in_force {
        changed(tx, allowed).await?;
    }
    tx.record(allowed, None, &allowed.uid(), change).await
}

/// Gives new recovery codes; the old ones are worth nothing any more.
///
/// # Errors
/// [`Error::NotFound`] if no second factor is in force.
pub async fn renew_recovery_codes(
    tx: &mut Tx,
    allowed: &Authorized<user::ManageSecondFactor>,
) -> Result<RecoveryCodes> {
    let id = *allowed.target();
    lock(tx, id).await?;
    // Under its lock: of two who renew at once, the codes of one remain.
    let in_force = sqlx::query_scalar!(
        "select 1 as one from second_factors where user_id = $1 and confirmed_at is not null for update",
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    in_force.ok_or(Error::NotFound("second factor"))?;
    let left = recovery::left(tx, id).await?;
    let codes = recovery::issue(tx, id).await?;
    let change =
        Change { before: json!({ "recovery_codes": left }), after: json!({ "recovery_codes": codes.len() }) };
    tx.record(allowed, None, &allowed.uid(), change).await?;
    Ok(codes)
}

/// Whether somebody who signs in has to show a second factor.
///
/// # Errors
/// If the store does not answer.
pub(crate) async fn is_set_up(tx: &mut Tx, id: UserId) -> Result<bool> {
    let is_set_up = sqlx::query_scalar!(
        r#"select exists (select from second_factors where user_id = $1 and confirmed_at is not null) as "is!""#,
        id.0,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(is_set_up)
}

/// Whether this is a code of the app or a recovery code that is good now. It is used up by that, once the transaction is
/// committed: of two that try it at once, one waits for the other and is refused. Spaces and dashes do not matter.
///
/// # Errors
/// If the store does not answer, or the secret in it was not sealed for this account.
pub(crate) async fn accept(tx: &mut Tx, id: UserId, code: &str) -> Result<bool> {
    let code = plain(code);
    if recovery::is_one(&code) {
        recovery::accept(tx, id, &code).await
    } else {
        accept_step(tx, id, &code).await
    }
}

async fn accept_step(tx: &mut Tx, id: UserId, code: &str) -> Result<bool> {
    let sealed = sqlx::query_scalar!(
        "select sealed_secret from second_factors where user_id = $1 and confirmed_at is not null",
        id.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(sealed) = sealed else { return Ok(false) };
    let now = tx.now();
    let Some(step) = open(tx, id, &sealed)?.step(code, now) else { return Ok(false) };
    // The secret too: another one may have been set up since.
    let accepted = sqlx::query!(
        "update second_factors set last_step = $3
         where user_id = $1 and sealed_secret = $2 and confirmed_at is not null and last_step < $3",
        id.0,
        sealed,
        step,
    )
    .execute(tx.connection())
    .await?;
    Ok(accepted.rows_affected() == 1)
}

/// What follows when something else is asked for from now on: who is signed in elsewhere has to do it again, and the owner
/// hears of it (ASVS 6.3.7, 7.4.3).
async fn changed(tx: &mut Tx, allowed: &Authorized<user::ManageSecondFactor>) -> Result<()> {
    let others = Which::AllBut(session::current(allowed.actor()));
    session::end(tx, *allowed.target(), others, SessionEnd::SecondFactorChanged).await?;
    let mail = Mail::SecondFactorChanged { user_id: *allowed.target(), at: tx.now() };
    tx.enqueue(&SendMail(mail)).await?;
    Ok(())
}

fn open(tx: &Tx, id: UserId, sealed: &[u8]) -> Result<Secret> {
    let clear = tx.master_key().open(Purpose::SecondFactor, Uuid::as_bytes(&id.0), sealed)?;
    Secret::of(clear.expose_secret())
}

/// A code as it is compared: people write it in groups.
fn plain(code: &str) -> String {
    let meant = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    meant.map(|c| c.to_ascii_uppercase()).collect()
}

fn exists() -> Error {
    Error::conflict("second_factor_exists", "there is a second factor already; remove it first")
}
