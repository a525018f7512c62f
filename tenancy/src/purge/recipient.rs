use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::PurgeId;
use crate::mail::Locale;
use crate::master_key::Purpose;
use crate::tx::Tx;

/// To whom the mails about a purge go: as they were when it was asked for, since an account may be gone by then. Sealed in the
/// store, and gone once the receipt is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeRecipient {
    /// The address.
    pub email: String,
    /// How they called themselves.
    pub name: String,
    /// Their language.
    pub locale: Locale,
    /// What is erased, as they know it: the address of an account, the name of an organization or workspace.
    pub erased: String,
}

/// Keeps somebody to whom mails about a purge go.
pub(super) async fn keep(tx: &mut Tx, purge: PurgeId, number: i32, recipient: &PurgeRecipient) -> Result<()> {
    let clear = serde_json::to_vec(recipient).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let sealed = tx.master_key().seal(Purpose::Purge, &whose(purge, number), &clear)?;
    sqlx::query!(
        "insert into purge_recipients (purge_id, number, sealed) values ($1, $2, $3)",
        purge.0,
        number,
        sealed,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// One of those to whom mails about a purge go, by number; none once the receipt is sent to them.
pub(super) async fn read(tx: &mut Tx, purge: PurgeId, number: i32) -> Result<Option<PurgeRecipient>> {
    let sealed = sqlx::query_scalar!(
        "select sealed from purge_recipients where purge_id = $1 and number = $2",
        purge.0,
        number,
    )
    .fetch_optional(tx.connection())
    .await?;
    sealed.map(|sealed| open(tx, purge, number, &sealed)).transpose()
}

fn open(tx: &Tx, purge: PurgeId, number: i32, sealed: &[u8]) -> Result<PurgeRecipient> {
    let clear = tx.master_key().open(Purpose::Purge, &whose(purge, number), sealed)?;
    serde_json::from_slice(clear.expose_secret())
        .map_err(|error| Error::Store(sqlx::Error::Decode(error.into())))
}

fn whose(purge: PurgeId, number: i32) -> Vec<u8> {
    [&purge.0.as_bytes()[..], &number.to_be_bytes()].concat()
}
