//! Links that are good once: what proves a mailbox, or that somebody reads the first start of a Doorward.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::account;
use crate::action::user;
use crate::address::Address;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{LinkId, UserId};
use crate::mail::Locale;
use crate::master_key::{MasterKey, Purpose};
use crate::tx::{Authorized, Request, Tx};
use crate::words::words;

words! {
    /// What a link is good for.
    LinkPurpose {
        /// Confirm an address.
        VerifyEmail = "verify_email",
        /// Choose a new password.
        ResetPassword = "reset_password",
        /// Choose the first password of an account that an administrator made.
        SetPassword = "set_password",
        /// Become the first administrator.
        SetUp = "set_up",
    }
}

impl LinkPurpose {
    /// How long such a link is good.
    #[must_use]
    pub fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail | Self::SetUp => TimeDelta::hours(24),
            Self::ResetPassword => TimeDelta::minutes(30),
            Self::SetPassword => TimeDelta::days(7),
        }
    }
}

/// The secret of a link: `dwl_` and a keyed hash of its id, so that jobs need not carry it. Whoever has it, has what the
/// link is good for.
#[derive(Clone)]
pub struct LinkToken(SecretString);

impl LinkToken {
    const PREFIX: &str = "dwl_";

    fn of(id: LinkId, purpose: LinkPurpose, master_key: &MasterKey) -> Self {
        let mac = master_key.mac(Purpose::Link, &[id.0.as_bytes(), purpose.as_str().as_bytes()]);
        Self(format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(mac)).into())
    }

    /// A token as somebody presented it; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        (BASE64_URL_SAFE_NO_PAD.decode(rest).ok()?.len() == 32).then(|| Self(text.into()))
    }

    /// The secret itself, for the link.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl<'de> Deserialize<'de> for LinkToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a token of a link: dwl_ and 43 characters"))
    }
}

/// What may be shown to whoever has a link, before they use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// The address that it was sent to, shortened; none for the first administrator's.
    pub email: Option<String>,
    /// The language of the account.
    pub locale: Option<Locale>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A link that was good.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) user: Option<UserId>,
}

/// Makes a link for an address of a user, or for nobody yet. An older one for the same is dead from then on.
pub(crate) async fn create(
    tx: &mut Tx,
    purpose: LinkPurpose,
    whose: Option<(UserId, &str)>,
) -> Result<LinkId> {
    let (id, now) = (LinkId(tx.new_id()), tx.now());
    let token = LinkToken::of(id, purpose, tx.master_key());
    sqlx::query!(
        "insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (user_id, purpose) where used_at is null do update
             set id = $1, email = $4, hash = $5, created_at = $6, expires_at = $7",
        id.0,
        purpose.as_str(),
        whose.map(|(id, _)| id.0),
        whose.map(|(_, email)| email),
        &token.hash()[..],
        now,
        now + purpose.lifetime(),
    )
    .execute(tx.connection())
    .await?;
    Ok(id)
}

/// The token of a link to a user, for the mail that carries it, and until when it is good; none if it is not any more.
///
/// # Errors
/// If the store does not answer.
pub async fn to_be_mailed(
    tx: &mut Tx,
    allowed: &Authorized<user::Mail>,
    id: LinkId,
) -> Result<Option<(LinkToken, DateTime<Utc>)>> {
    let now = tx.now();
    let row = sqlx::query!(
        "select purpose, expires_at from one_time_links
         where id = $1 and user_id = $2 and used_at is null and expires_at > $3",
        id.0,
        allowed.target().0,
        now,
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| {
        Some((LinkToken::of(id, LinkPurpose::parse(&row.purpose)?, tx.master_key()), row.expires_at))
    }))
}

/// The link for the first administrator that is good now, if there is one. Every process of an installation gives the same.
pub(crate) async fn set_up_token(tx: &mut Tx) -> Result<Option<LinkToken>> {
    let now = tx.now();
    let id = sqlx::query_scalar!(
        "select id from one_time_links where purpose = 'set_up' and used_at is null and expires_at > $1",
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(id.map(|id| LinkToken::of(LinkId(id), LinkPurpose::SetUp, tx.master_key())))
}

/// What a link is about, without using it. The token itself is what allows it.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Gone`] if it was used, replaced or is too old.
pub async fn look(db: &Db, request: Request, token: &LinkToken, purpose: LinkPurpose) -> Result<LinkView> {
    let mut tx = db.begin(request).await?;
    let row = find(&mut tx, token, &[purpose]).await?;
    let email = row.email.as_deref().and_then(|email| email.parse::<Address>().ok());
    Ok(LinkView {
        email: email.map(|email| email.masked()),
        locale: row.locale.as_deref().and_then(Locale::parse),
        expires_at: row.expires_at,
    })
}

/// To whom a link was sent, without using it.
pub(crate) async fn addressee(
    tx: &mut Tx,
    token: &LinkToken,
    purposes: &[LinkPurpose],
) -> Result<(UserId, Address)> {
    let row = find(tx, token, purposes).await?;
    let address = row.email.as_deref().and_then(|email| email.parse().ok());
    row.user_id.map(UserId).zip(address).ok_or(Error::NotFound("link"))
}

/// Makes links of a user worthless.
pub(crate) async fn drop_all(tx: &mut Tx, user: UserId, purposes: &[LinkPurpose]) -> Result<()> {
    let purposes: Vec<String> = purposes.iter().map(|purpose| purpose.as_str().to_owned()).collect();
    sqlx::query!(
        "delete from one_time_links where user_id = $1 and purpose = any ($2) and used_at is null",
        user.0,
        &purposes
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Uses a link up: of all who try, one does. What it was made for must still be so: the address is the user's.
pub(crate) async fn take(tx: &mut Tx, token: &LinkToken, purposes: &[LinkPurpose]) -> Result<Taken> {
    let (row, now) = (find(tx, token, purposes).await?, tx.now());
    // The account first, then its links, as everybody does.
    if let Some(user) = row.user_id {
        account::lock(tx, UserId(user)).await?;
    }
    let taken = sqlx::query!(
        "update one_time_links l set used_at = $2
         where id = $1 and used_at is null
           and (user_id is null or exists (select from users u where u.id = l.user_id and u.email = l.email))",
        row.id,
        now
    )
    .execute(tx.connection())
    .await?;
    if taken.rows_affected() == 0 { Err(gone()) } else { Ok(Taken { user: row.user_id.map(UserId) }) }
}

struct Row {
    id: uuid::Uuid,
    user_id: Option<uuid::Uuid>,
    email: Option<String>,
    locale: Option<String>,
    expires_at: DateTime<Utc>,
}

async fn find(tx: &mut Tx, token: &LinkToken, purposes: &[LinkPurpose]) -> Result<Row> {
    let (hash, now) = (token.hash(), tx.now());
    let row = sqlx::query!(
        r#"select l.id, l.purpose, l.user_id, l.email, u.locale as "locale?", l.hash, l.expires_at, l.used_at
           from one_time_links l left join users u on u.id = l.user_id where l.hash = $1"#,
        &hash[..]
    )
    .fetch_optional(tx.connection())
    .await?
    .filter(|row| {
        let is_for_this = LinkPurpose::parse(&row.purpose).is_some_and(|purpose| purposes.contains(&purpose));
        is_for_this && bool::from(hash[..].ct_eq(&row.hash))
    })
    .ok_or(Error::NotFound("link"))?;
    if row.used_at.is_some() || row.expires_at <= now {
        return Err(gone());
    }
    let (id, user_id, email) = (row.id, row.user_id, row.email);
    Ok(Row { id, user_id, email, locale: row.locale, expires_at: row.expires_at })
}

fn gone() -> Error {
    Error::Gone("this link was used already, or is too old, or a newer one was sent")
}
