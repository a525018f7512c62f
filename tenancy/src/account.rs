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
pub use rest::{deactivate, reactivate};
pub use set_up::{NewAdmin, set_up, set_up_link};
pub use sign_in::{Credentials, Reauthentication, reauthenticate, sign_in};
pub use verification::{resend_verification, verify_email};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::tx::Tx;

/// Most characters of a person's name.
const NAME_MAX: usize = 200;

/// A person's name as it may be kept: without what could write headers or hide what is shown.
///
/// # Errors
/// [`Error::Invalid`] with the field `name`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(is_hidden) {
        let message = format!("1 to {NAME_MAX} characters, none of them control characters");
        return Err(Error::invalid("name", message));
    }
    Ok(())
}

/// Keeps others from changing an account until the transaction ends, and tells its address.
pub(crate) async fn lock(tx: &mut Tx, user: UserId) -> Result<Option<Address>> {
    let email = sqlx::query_scalar!("select email from users where id = $1 for update", user.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(email.and_then(|email| email.parse().ok()))
}
