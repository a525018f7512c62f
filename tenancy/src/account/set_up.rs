use serde_json::json;

use crate::account::check_name;
use crate::action::{Platform, Target as _, platform};
use crate::address::Address;
use crate::administration;
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::link::{self, LinkPurpose, LinkToken};
use crate::mail::Locale;
use crate::password::Password;
use crate::tx::{Request, Tx};
use crate::user::{AccountStatus, FirstPassword, Mailbox, NewUser, PlatformRole};

/// What the first administrator says.
#[derive(Debug, Clone)]
pub struct NewAdmin {
    /// Their address; it counts as verified.
    pub email: Address,
    /// How they call themselves, 1 to 200 characters.
    pub name: String,
    /// Their password.
    pub password: Password,
    /// The language of their mails.
    pub locale: Locale,
}

/// The link by which somebody becomes the first administrator; none if there is a super admin. Good for a day; a start after
/// that makes a new one. All processes of an installation give the same.
///
/// # Errors
/// If the store does not answer.
pub async fn set_up_link(db: &Db) -> Result<Option<LinkToken>> {
    let mut tx = db.begin(Request { id: "start".into(), ip: None }).await?;
    administration::lock(&mut tx).await?;
    if has_super_admin(&mut tx).await? {
        return Ok(None);
    }
    if let Some(token) = link::set_up_token(&mut tx).await? {
        return Ok(Some(token));
    }
    link::create(&mut tx, LinkPurpose::SetUp, None).await?;
    let token = link::set_up_token(&mut tx).await?;
    tx.commit().await?;
    Ok(token)
}

/// Makes the first administrator, by the link that was printed.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Gone`] for links that are not good, [`Error::Gone`] also if there is an administrator;
/// [`Error::Invalid`] for what is wrong with the input.
pub async fn set_up(db: &Db, request: Request, token: &LinkToken, new: &NewAdmin) -> Result<()> {
    // First of all: who has no link is told nothing, and causes no work.
    link::look(db, request.clone(), token, LinkPurpose::SetUp).await?;
    check_name(&new.name)?;
    new.password.check("password", &new.email)?;
    if db.admin_email().is_some_and(|email| !email.as_str().eq_ignore_ascii_case(new.email.as_str())) {
        return Err(Error::invalid(
            "email",
            "the address of the first administrator stands in the configuration",
        ));
    }
    let hash = db.passwords().hash(&new.password).await?;
    let mut tx = db.begin(request).await?;
    administration::lock(&mut tx).await?;
    link::take(&mut tx, token, &[LinkPurpose::SetUp]).await?;
    if has_super_admin(&mut tx).await? {
        return Err(Error::Gone("there is an administrator already"));
    }
    let allowed = tx.authorize::<platform::SetUp>(&Caller::Anonymous, Platform).await?;
    let user = NewUser {
        email: &new.email,
        name: new.name.trim(),
        status: AccountStatus::Active,
        platform_role: Some(PlatformRole::SuperAdmin),
        locale: new.locale,
        mailbox: Mailbox::Verified,
        password: FirstPassword::Chosen,
    };
    let Some(id) = user.insert(&mut tx).await? else {
        return Err(Error::invalid("email", "another account has this address"));
    };
    hash.store(&mut tx, id).await?;
    let change = Change {
        after: json!({ "email": new.email, "name": new.name, "platform_role": PlatformRole::SuperAdmin }),
        ..Change::default()
    };
    tx.record(&allowed, None, &id.uid(), change).await?;
    tx.commit().await?;
    Ok(())
}

async fn has_super_admin(tx: &mut Tx) -> Result<bool> {
    let has = sqlx::query_scalar!(
        r#"select exists (select from users where platform_role = 'super_admin' and status = 'active') as "has!""#
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(has)
}
