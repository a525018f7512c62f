use chrono::TimeDelta;
use subtle::ConstantTimeEq as _;

use super::list::{self, NOUN};
use super::{Purge, PurgeToken};
use crate::action::{Platform, purge as action};
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::tx::{Request, Tx};

/// How long a token shows what has ended.
const SHOWN: TimeDelta = TimeDelta::days(30);

/// A purge, for whoever has its token.
///
/// # Errors
/// [`Error::NotFound`] for tokens that are none, and for those of purges that ended 30 days ago.
pub async fn look(db: &Db, request: Request, token: &PurgeToken) -> Result<Purge> {
    let mut tx = db.begin(request).await?;
    tx.authorize::<action::View>(&Caller::Anonymous, Platform).await?;
    by_token(&mut tx, token).await
}

/// The purge with a token. That the token was shown to the policies is the caller's to see to.
pub(super) async fn by_token(tx: &mut Tx, token: &PurgeToken) -> Result<Purge> {
    let now = tx.now();
    let hash = token.hash();
    let purge = list::with_hash(tx, hash).await?;
    let kept = sqlx::query_scalar!("select token_hash from purges where id = $1", purge.id.0)
        .fetch_one(tx.connection())
        .await?;
    let is_old = purge.finished_at.is_some_and(|ended| ended + SHOWN <= now);
    if is_old || !bool::from(hash[..].ct_eq(&kept)) {
        return Err(Error::NotFound(NOUN));
    }
    Ok(purge)
}
