//! How people get an account, and into it.

mod password;
mod register;
mod rest;
mod set_up;
mod sign_in;
mod verification;

pub(crate) use password::mail_link;
pub use password::{answer_forgotten, change_password, request_password_reset, set_password};
pub use register::{Registration, register};
pub(crate) use register::{open, welcome};
pub use rest::{deactivate, reactivate};
pub use set_up::{NewAdmin, set_up, set_up_link};
pub use sign_in::{Credentials, Reauthentication, reauthenticate, sign_in};
pub use verification::{resend_verification, verify_email};

use crate::address::Address;
use crate::error::Result;
use crate::id::UserId;
use crate::text::{NAME_MAX, check_line};
use crate::tx::Tx;

/// A person's name as it may be kept.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) with the field `name`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    check_line("name", name, NAME_MAX)
}

/// Keeps others from changing an account until the transaction ends, and tells its address.
pub(crate) async fn lock(tx: &mut Tx, user: UserId) -> Result<Option<Address>> {
    let email = sqlx::query_scalar!("select email from users where id = $1 for update", user.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(email.and_then(|email| email.parse().ok()))
}
