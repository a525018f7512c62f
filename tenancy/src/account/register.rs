use serde_json::json;

use crate::account::check_name;
use crate::action::{Action, Platform, Target as _, user as action};
use crate::address::Address;
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::Result;
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::link::{self, LinkPurpose};
use crate::mail::{Locale, Mail};
use crate::password::{Password, PasswordHash};
use crate::tx::{Authorized, Request, Tx};
use crate::user::{self, AccountStatus, FirstPassword, Mailbox, NewUser};

/// What somebody says who opens an account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Their address.
    pub email: Address,
    /// How they call themselves, 1 to 200 characters.
    pub name: String,
    /// Their password.
    pub password: Password,
    /// The language of their mails.
    pub locale: Locale,
}

/// Opens an account. If there is one with this address, its owner gets a mail that says so, and the caller learns nothing of
/// it: same answer, same time.
///
/// # Errors
/// What is wrong with the input.
pub async fn register(db: &Db, request: Request, new: &Registration) -> Result<()> {
    check_name(&new.name)?;
    new.password.check("password", &new.email)?;
    // Before anything is looked up, so that it takes the same time for every address.
    let hash = db.passwords().hash(&new.password).await?;
    let mut tx = db.begin(request).await?;
    let allowed = tx.authorize::<action::Register>(&Caller::Anonymous, Platform).await?;
    match open(&mut tx, new, &hash).await? {
        Some(id) => welcome(&mut tx, &allowed, new, id).await?,
        None => {
            decoy(&mut tx, &allowed, new, &hash).await?;
            if let Some(owner) = user::with_address(&mut tx, &new.email).await? {
                tx.enqueue(&SendMail(Mail::AlreadyRegistered { user_id: owner })).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(())
}

/// The account with all that belongs to one; none if the address is taken.
pub(crate) async fn open(tx: &mut Tx, new: &Registration, hash: &PasswordHash) -> Result<Option<UserId>> {
    let user = NewUser {
        email: &new.email,
        name: new.name.trim(),
        status: AccountStatus::Pending,
        platform_role: None,
        locale: new.locale,
        mailbox: Mailbox::ToBeVerified,
        password: FirstPassword::Chosen,
    };
    let Some(id) = user.insert(tx).await? else { return Ok(None) };
    hash.store(tx, id).await?;
    Ok(Some(id))
}

/// What comes with a new account: the mail that verifies its address, and the record.
pub(crate) async fn welcome<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    new: &Registration,
    id: UserId,
) -> Result<()> {
    let link_id = link::create(tx, LinkPurpose::VerifyEmail, Some((id, new.email.as_str()))).await?;
    tx.enqueue(&SendMail(Mail::Verification { user_id: id, link_id })).await?;
    let change = Change {
        after: json!({ "email": new.email, "name": new.name, "status": AccountStatus::Pending }),
        ..Change::default()
    };
    tx.record(allowed, None, &id.uid(), change).await
}

/// Does for an address that is taken all that is done for a free one, and undoes it: who measures how long a registration
/// takes learns nothing.
async fn decoy(
    tx: &mut Tx,
    allowed: &Authorized<action::Register>,
    new: &Registration,
    hash: &PasswordHash,
) -> Result<()> {
    sqlx::query("savepoint decoy").execute(tx.connection()).await?;
    let email = Address::nobodys(tx.new_id());
    let nobody = Registration { email, ..new.clone() };
    if let Some(id) = open(tx, &nobody, hash).await? {
        welcome(tx, allowed, &nobody, id).await?;
    }
    sqlx::query("rollback to savepoint decoy").execute(tx.connection()).await?;
    Ok(())
}
