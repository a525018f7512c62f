use serde_json::json;

use super::InvitationToken;
use super::accept::{Joined, context, join};
use super::look::find;
use crate::account::check_name;
use crate::action::{Home, Inviting, Platform, Target as _, invitation as action, user};
use crate::audit::Change;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::mail::{Locale, Mail};
use crate::password::Password;
use crate::session::{self, Device, Grant, Proof};
use crate::tx::{Authorized, Request, Tx};
use crate::user::{self as accounts, AccountStatus, FirstPassword, Mailbox, NewUser, Profile};

/// What somebody says who opens an account with an invitation.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// How they call themselves, 1 to 200 characters.
    pub name: String,
    /// Their password.
    pub password: Password,
    /// The language of their mails; the invitation's if it is none.
    pub locale: Option<Locale>,
}

/// A new account, in the organization, and signed in.
#[derive(Debug)]
#[must_use]
pub struct TakenUp {
    /// The account.
    pub profile: Profile,
    /// The place in the organization.
    pub joined: Joined,
    /// For tokens ([`Db::tokens`]).
    pub grant: Grant,
}

/// Opens an account for the address that an invitation was sent to, accepts the invitation and signs in: all of it or
/// nothing. The address is verified: who has the token, has the mailbox. The account has its trial as every other.
///
/// # Errors
/// [`Error::NotFound`] for tokens that are none; [`Error::Gone`] if it was used or taken back or its time is over;
/// [`Error::Invalid`] for what is wrong with the input; [`Error::Conflict`] if the address has an account;
/// [`Error::LimitReached`].
pub async fn take_up(
    db: &Db,
    request: Request,
    token: &InvitationToken,
    new: &NewAccount,
    device: &Device,
) -> Result<TakenUp> {
    let mut tx = db.begin(request.clone()).await?;
    tx.authorize::<action::TakeUp>(&Caller::Anonymous, Platform).await?;
    let found = find(&mut tx, token).await?.open()?;
    if accounts::with_address(&mut tx, &found.email).await?.is_some() {
        return Err(account_exists());
    }
    drop(tx);
    check_name(&new.name)?;
    new.password.check("password", &found.email)?;
    new.password.check_names("password", std::slice::from_ref(&found.organization))?;
    let hash = db.passwords().hash(&new.password).await?;

    let mut tx = db.begin(request).await?;
    let allowed = tx.authorize::<action::TakeUp>(&Caller::Anonymous, Platform).await?;
    let found = find(&mut tx, token).await?.open()?;
    // The organization first, as everybody does: then the address, which another registration may be about to take.
    tx.keep_still(Home::Org(found.org)).await?;
    let account = NewUser {
        email: &found.email,
        name: new.name.trim(),
        status: AccountStatus::Pending,
        platform_role: None,
        locale: new.locale.or(found.locale).unwrap_or(Locale::English),
        mailbox: Mailbox::Verified,
        password: FirstPassword::Chosen,
    };
    let id = account.insert(&mut tx).await?.ok_or_else(account_exists)?;
    hash.store(&mut tx, id).await?;
    let caller = Caller::User(Proof::Password.person(Person::without_session(id), tx.now()));
    let may = tx.authorize_with::<action::Accept>(&caller, Inviting(found.org), context(true)).await?;
    // The platform's chain of the audit log before the organization's, as everybody takes them.
    welcome(&mut tx, &allowed, &account, id).await?;
    let joined = join(&mut tx, &may, &found, token, id).await?;
    let may = tx.authorize::<user::OpenSession>(&caller, id).await?;
    let grant = session::open(&mut tx, &may, device, Proof::Password).await?;
    let may = tx.authorize::<user::View>(&caller, id).await?;
    let profile = accounts::profile(&mut tx, &may).await?;
    tx.commit().await?;
    Ok(TakenUp { profile, joined, grant })
}

/// What comes with a new account: the mail that tells of its trial, and the record.
async fn welcome(
    tx: &mut Tx,
    allowed: &Authorized<action::TakeUp>,
    account: &NewUser<'_>,
    id: UserId,
) -> Result<()> {
    tx.enqueue(&SendMail(Mail::Welcome { user_id: id })).await?;
    let change = Change {
        after: json!({ "email": account.email, "name": account.name, "status": account.status }),
        ..Change::default()
    };
    tx.record(allowed, None, &id.uid(), change).await
}

/// Whoever has the token has the mailbox: it is no secret to them.
fn account_exists() -> Error {
    Error::conflict("account_exists", "the address has an account; sign in with it, and accept")
}
