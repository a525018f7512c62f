use super::new::{NewOrganization, found};
use super::view::{MyOrganization, find};
use crate::account::{self, Registration};
use crate::action::{Platform, org, user as action};
use crate::address::Address;
use crate::caller::{Caller, Current, Person};
use crate::db::Db;
use crate::error::Result;
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::password::PasswordHash;
use crate::session::{self, Device, Draft, Proof};
use crate::tx::{Authorized, Request, Tx};
use crate::user::{self, Profile};

/// Who founds an organization without having an account, and from where.
#[derive(Debug, Clone)]
pub struct Founder {
    /// The account that is opened.
    pub registration: Registration,
    /// Where they are signed in at once.
    pub device: Device,
}

/// An organization that was founded together with its first owner's account.
#[derive(Debug)]
pub struct Founded {
    /// The organization.
    pub organization: MyOrganization,
    /// Its owner.
    pub user: Profile,
    /// The owner's session, which works in the organization; to be signed ([`Db::sign_draft`]).
    pub tokens: Draft,
}

/// Founds an organization and opens its first owner's account, together or not at all. If there is an account with the
/// address, its owner gets a mail that says so, nothing is founded, and the answer is as if it were.
///
/// # Errors
/// What is wrong with the input; [`Error::Conflict`](crate::Error) if another organization has the slug.
pub async fn register(
    db: &Db,
    request: Request,
    founder: &Founder,
    new: &NewOrganization,
) -> Result<Founded> {
    let Registration { email, name, password, .. } = &founder.registration;
    new.check()?;
    account::check_name(name)?;
    password.check("password", email)?;
    password.check_names("password", std::slice::from_ref(&new.name))?;
    // Before anything is looked up, so that it takes the same time for every address.
    let hash = db.passwords().hash(password).await?;
    let mut tx = db.begin(request).await?;
    let allowed = tx.authorize::<org::Register>(&Caller::Anonymous, Platform).await?;
    let founded = match account::open(&mut tx, &founder.registration, &hash).await? {
        Some(owner) => whole(&mut tx, &allowed, founder, new, owner).await?,
        None => decoy(&mut tx, &allowed, founder, new, &hash).await?,
    };
    tx.commit().await?;
    Ok(founded)
}

/// Everything that comes with the account.
async fn whole(
    tx: &mut Tx,
    allowed: &Authorized<org::Register>,
    founder: &Founder,
    new: &NewOrganization,
    owner: UserId,
) -> Result<Founded> {
    account::welcome(tx, allowed, &founder.registration, owner).await?;
    let (org, workspace) = found(tx, allowed, new, owner).await?;
    let person = Caller::User(Person::without_session(owner));
    let may_sign_in = tx.authorize::<action::OpenSession>(&person, owner).await?;
    let grant = session::open(tx, &may_sign_in, &founder.device, Proof::Password).await?;
    session::place(tx, grant.session(), Current { org: Some(org), workspace: Some(workspace) }).await?;
    Ok(Founded {
        organization: find(tx, org, Some(owner)).await?,
        user: user::find(tx, owner).await?.profile,
        tokens: session::draft(tx, grant).await?,
    })
}

/// Does for an address that is taken all that is done for a free one, and undoes it.
async fn decoy(
    tx: &mut Tx,
    allowed: &Authorized<org::Register>,
    founder: &Founder,
    new: &NewOrganization,
    hash: &PasswordHash,
) -> Result<Founded> {
    sqlx::query("savepoint decoy").execute(tx.connection()).await?;
    let email = Address::nobodys(tx.new_id());
    let registration = Registration { email, ..founder.registration.clone() };
    let nobody = Founder { registration, ..founder.clone() };
    let owner = account::open(tx, &nobody.registration, hash).await?;
    let owner = owner.ok_or(crate::Error::Unauthenticated)?;
    let mut founded = whole(tx, allowed, &nobody, new, owner).await?;
    sqlx::query("rollback to savepoint decoy").execute(tx.connection()).await?;
    let email = &founder.registration.email;
    email.as_str().clone_into(&mut founded.user.email);
    if let Some(owner) = user::with_address(tx, email).await? {
        tx.enqueue(&SendMail(Mail::AlreadyRegistered { user_id: owner })).await?;
    }
    Ok(founded)
}
