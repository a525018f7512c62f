use serde_json::json;

use crate::account::lock;
use crate::action::{Platform, user};
use crate::address::Address;
use crate::audit::Change;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::jobs::{ForgottenPassword, SendMail};
use crate::link::{self, LinkPurpose, LinkToken};
use crate::mail::Mail;
use crate::password::{Password, PasswordHash, Verdict};
use crate::session::{self, SessionEnd, Which};
use crate::tx::{Request, Tx};
use crate::user as accounts;

/// Asks for a link to choose a new password, if there is an account with this address. The caller learns nothing of that:
/// the same is written for every address, and the rest is done by a job.
///
/// # Errors
/// If the store does not answer.
pub async fn request_password_reset(db: &Db, request: Request, email: &str) -> Result<()> {
    let mut tx = db.begin(request).await?;
    tx.authorize::<user::RequestPasswordReset>(&Caller::Anonymous, Platform).await?;
    let user_id = match email.parse::<Address>() {
        Ok(address) => accounts::with_address(&mut tx, &address).await?,
        Err(_) => None,
    };
    tx.enqueue(&ForgottenPassword { user_id }).await?;
    tx.commit().await?;
    Ok(())
}

/// Mails the link that was asked for, if the account may have a new password.
///
/// # Errors
/// If the store does not answer.
pub async fn answer_forgotten(tx: &mut Tx, id: UserId) -> Result<()> {
    let person = Caller::User(Person::without_session(id));
    match tx.authorize::<user::SetPassword>(&person, id).await {
        // Not recorded: it was nobody in particular who asked, and nothing has changed yet.
        Ok(_) => mail_link(tx, id, LinkPurpose::ResetPassword).await,
        // Whoever may not choose a password needs no link.
        Err(Error::Forbidden { .. } | Error::NotFound(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Asks for the mail with a link to choose a password. Links that were sent before are dead.
pub(crate) async fn mail_link(tx: &mut Tx, id: UserId, purpose: LinkPurpose) -> Result<()> {
    let Some(email) = lock(tx, id).await? else { return Ok(()) };
    let link_id = link::create(tx, purpose, Some((id, email.as_str()))).await?;
    let mail = match purpose {
        LinkPurpose::SetPassword => Mail::SetPassword { user_id: id, link_id },
        _ => Mail::PasswordReset { user_id: id, link_id },
    };
    tx.enqueue(&SendMail(mail)).await?;
    Ok(())
}

/// Chooses a password by a link that was mailed. All sessions end, and the address is verified: who has the link, has the
/// mailbox. A second factor stays.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Gone`] for links that are not good; [`Error::Invalid`] for a password that is not;
/// [`Error::Forbidden`] if the account may not have one.
pub async fn set_password(db: &Db, request: Request, token: &LinkToken, password: &Password) -> Result<()> {
    const PURPOSES: [LinkPurpose; 2] = [LinkPurpose::ResetPassword, LinkPurpose::SetPassword];
    let mut tx = db.begin(request.clone()).await?;
    let (id, address) = link::addressee(&mut tx, token, &PURPOSES).await?;
    let organizations = organizations(&mut tx, id).await?;
    drop(tx);
    password.check("password", &address)?;
    password.check_names("password", &organizations)?;
    let hash = db.passwords().hash(password).await?;
    let mut tx = db.begin(request).await?;
    let id = link::take(&mut tx, token, &PURPOSES).await?.user.ok_or(Error::NotFound("link"))?;
    let allowed = tx.authorize::<user::SetPassword>(&Caller::User(Person::without_session(id)), id).await?;
    hash.store(&mut tx, id).await?;
    let now = tx.now();
    sqlx::query!(
        "update users set password_must_change = false, email_verified_at = coalesce(email_verified_at, $2) where id = $1",
        id.0,
        now,
    )
    .execute(tx.connection())
    .await?;
    changed(&mut tx, id, Which::AllBut(None)).await?;
    let change = Change { after: json!({ "password_changed_at": now }), ..Change::default() };
    tx.record(&allowed, None, &allowed.uid(), change).await?;
    tx.commit().await?;
    Ok(())
}

/// Chooses another password, with the current one. All other sessions end.
///
/// # Errors
/// [`Error::Invalid`] if the current one is wrong or the new one is not good.
pub async fn change_password(
    db: &Db,
    request: Request,
    caller: &Caller,
    current: &Password,
    new: &Password,
) -> Result<()> {
    let Caller::User(Person { id, session: Some(session), .. }) = *caller else {
        return Err(Error::Unauthenticated);
    };
    let mut tx = db.begin(request.clone()).await?;
    tx.authorize::<user::ChangePassword>(caller, id).await?;
    let address = lock(&mut tx, id).await?.ok_or(Error::Unauthenticated)?;
    let hash = PasswordHash::of(&mut tx, id).await?;
    let organizations = organizations(&mut tx, id).await?;
    drop(tx);
    new.check("new_password", &address)?;
    new.check_names("new_password", &organizations)?;
    let verdict = db.passwords().verify(current, hash.as_ref()).await?;
    let wrong = || Error::invalid("current_password", "not the current password");
    let (Some(old), true) = (hash, verdict != Verdict::Wrong) else { return Err(wrong()) };
    let hash = db.passwords().hash(new).await?;
    let mut tx = db.begin(request).await?;
    lock(&mut tx, id).await?;
    let allowed = tx.authorize::<user::ChangePassword>(caller, id).await?;
    if !old.is_current(&mut tx, id).await? {
        return Err(wrong());
    }
    hash.store(&mut tx, id).await?;
    changed(&mut tx, id, Which::AllBut(Some(session))).await?;
    let change = Change { after: json!({ "password_changed_at": tx.now() }), ..Change::default() };
    tx.record(&allowed, None, &allowed.uid(), change).await?;
    tx.commit().await?;
    Ok(())
}

/// The names of the organizations that somebody belongs to.
async fn organizations(tx: &mut Tx, id: UserId) -> Result<Vec<String>> {
    let names = sqlx::query_scalar!(
        "select o.name from organizations o join memberships m on m.org_id = o.id where m.user_id = $1",
        id.0
    );
    Ok(names.fetch_all(tx.connection()).await?)
}

/// What follows from a new password: whoever came in with the old one is out, and the owner hears of it.
async fn changed(tx: &mut Tx, id: UserId, ended: Which) -> Result<()> {
    session::end(tx, id, ended, SessionEnd::PasswordChanged).await?;
    link::drop_all(tx, id, &[LinkPurpose::ResetPassword, LinkPurpose::SetPassword]).await?;
    let mail = Mail::PasswordChanged { user_id: id, at: tx.now() };
    tx.enqueue(&SendMail(mail)).await?;
    Ok(())
}
