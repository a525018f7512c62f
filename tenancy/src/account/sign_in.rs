use crate::account::lock;
use crate::action::{Platform, user};
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::password::{Password, PasswordHash, Verdict};
use crate::second_factor;
use crate::session::{self, Device, Grant, Proof};
use crate::tx::{Request, Tx};

/// What somebody says who signs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address, as it was typed.
    pub email: String,
    /// The password.
    pub password: Password,
    /// A code of the second factor, or a recovery code.
    pub code: Option<String>,
}

/// How somebody who is signed in proves again who they are.
#[derive(Debug, Clone)]
pub struct Reauthentication {
    /// The password.
    pub password: Password,
    /// A code of the second factor, or a recovery code; wanted where there is one.
    pub code: Option<String>,
}

/// Signs somebody in. Unknown addresses, wrong passwords and accounts without one are answered alike, and take the same time.
///
/// # Errors
/// [`Error::BadCredentials`]; [`Error::SecondFactorRequired`] if the password is right and a code is wanted;
/// [`Error::Forbidden`] if the password is right and the account may not sign in.
pub async fn sign_in(db: &Db, request: Request, given: &Credentials, device: &Device) -> Result<Grant> {
    match attempt(db, request.clone(), given, device).await? {
        Some(grant) => Ok(grant),
        // Another sign-in may just have made the same password's hash anew.
        None => attempt(db, request, given, device).await?.ok_or(Error::BadCredentials),
    }
}

/// Signs in; none if what was compared with is not what is kept any more.
async fn attempt(db: &Db, request: Request, given: &Credentials, device: &Device) -> Result<Option<Grant>> {
    let known = find(db, request.clone(), &given.email).await?;
    let hash = known.as_ref().map(|(_, hash)| hash);
    // Without a transaction: it takes long on purpose.
    let verdict = db.passwords().verify(&given.password, hash).await?;
    let (Some((id, hash)), true) = (known, verdict != Verdict::Wrong) else {
        tracing::info!(request_id = request.id, ip = ?request.ip, "a sign-in failed");
        return Err(Error::BadCredentials);
    };
    let renewed = match verdict {
        Verdict::RightWithOldHash => Some(db.passwords().hash(&given.password).await?),
        _ => None,
    };
    let mut tx = db.begin(request).await?;
    lock(&mut tx, id).await?;
    if !hash.is_current(&mut tx, id).await? {
        return Ok(None);
    }
    let proof = prove(&mut tx, id, given.code.as_deref()).await?;
    let person = proof.person(Person::without_session(id), tx.now());
    let allowed = tx.authorize::<user::OpenSession>(&Caller::User(person), id).await?;
    if let Some(renewed) = renewed {
        renewed.renew(&mut tx, id, &hash).await?;
    }
    let grant = session::open(&mut tx, &allowed, device, proof).await?;
    tx.commit().await?;
    Ok(Some(grant))
}

/// Notes that the person at the keyboard is still the one who signed in, for what is dangerous. The session gets new tokens;
/// those it had are dead.
///
/// # Errors
/// As [`sign_in`]; [`Error::Unauthenticated`] for who is not signed in.
pub async fn reauthenticate(
    db: &Db,
    request: Request,
    caller: &Caller,
    given: &Reauthentication,
) -> Result<Grant> {
    let Caller::User(person) = caller else { return Err(Error::Unauthenticated) };
    let Person { id, session: Some(session), .. } = *person else { return Err(Error::Unauthenticated) };
    let mut tx = db.begin(request.clone()).await?;
    tx.authorize::<user::Reauthenticate>(caller, id).await?;
    let hash = PasswordHash::of(&mut tx, id).await?;
    drop(tx);
    let verdict = db.passwords().verify(&given.password, hash.as_ref()).await?;
    let (Some(hash), true) = (hash, verdict != Verdict::Wrong) else { return Err(Error::BadCredentials) };
    let mut tx = db.begin(request).await?;
    lock(&mut tx, id).await?;
    if !hash.is_current(&mut tx, id).await? {
        return Err(Error::BadCredentials);
    }
    let proof = prove(&mut tx, id, given.code.as_deref()).await?;
    let person = proof.person(person.clone(), tx.now());
    let allowed = tx.authorize::<user::Reauthenticate>(&Caller::User(person), id).await?;
    let grant = session::renew(&mut tx, &allowed, session, proof).await?;
    tx.commit().await?;
    Ok(grant)
}

/// Uses the code up, if one is wanted.
async fn prove(tx: &mut Tx, id: UserId, code: Option<&str>) -> Result<Proof> {
    if !second_factor::is_set_up(tx, id).await? {
        return Ok(Proof::Password);
    }
    let code = code.ok_or(Error::SecondFactorRequired)?;
    if second_factor::accept(tx, id, code).await? {
        Ok(Proof::SecondFactor)
    } else {
        Err(Error::BadCredentials)
    }
}

/// The account with an address, and what is kept of its password.
async fn find(db: &Db, request: Request, email: &str) -> Result<Option<(UserId, PasswordHash)>> {
    let mut tx = db.begin(request).await?;
    tx.authorize::<user::SignIn>(&Caller::Anonymous, Platform).await?;
    // What can be no address is looked up all the same, and found nowhere.
    let address = email.parse::<crate::Address>().map_or_else(|_| String::new(), |found| found.to_string());
    let row = sqlx::query!(
        "select u.id, p.hash from users u join passwords p on p.user_id = u.id
         where lower(u.email) = lower($1) and u.status <> 'deleting'",
        address
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| (UserId(row.id), PasswordHash::from_store(row.hash))))
}
