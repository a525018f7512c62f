use super::recipient::{self, PurgeRecipient};
use super::{Purge, PurgeToken, list};
use crate::action::platform;
use crate::error::{Error, Result};
use crate::id::PurgeId;
use crate::tx::{Authorized, Tx};

/// What a mail about a purge is written from.
#[derive(Debug)]
pub struct PurgeMail {
    /// To whom.
    pub to: PurgeRecipient,
    /// The purge as it is now.
    pub purge: Purge,
    /// For the link.
    pub token: PurgeToken,
}

/// What a mail about a purge is written from; none once its receipt was sent to them.
///
/// # Errors
/// [`Error::Store`], also for what cannot be opened.
pub async fn to_be_mailed(
    tx: &mut Tx,
    _: &Authorized<platform::SweepPurges>,
    id: PurgeId,
    number: i32,
) -> Result<Option<PurgeMail>> {
    let Some(to) = recipient::read(tx, id, number).await? else { return Ok(None) };
    match list::find(tx, id).await {
        Ok(purge) => Ok(Some(PurgeMail { to, purge, token: PurgeToken::of(id, tx.master_key()) })),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Forgets somebody to whom the receipt was sent.
///
/// # Errors
/// If the store does not answer.
pub async fn served(
    tx: &mut Tx,
    _: &Authorized<platform::SweepPurges>,
    id: PurgeId,
    number: i32,
) -> Result<()> {
    sqlx::query!("delete from purge_recipients where purge_id = $1 and number = $2", id.0, number)
        .execute(tx.connection())
        .await?;
    Ok(())
}
