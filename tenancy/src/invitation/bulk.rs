use super::{Invitation, NewInvitation, create};
use crate::action::invitation as action;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::tx::Tx;

/// The most invitations that are made together.
pub const BULK_MAX: usize = 50;

/// Invites several people, each as [`create`] does: one that is refused does not keep the others from being made. What could
/// not be read stays what it is. The outcomes are in the order of the rows.
///
/// # Errors
/// [`Error::Invalid`] for no row or more than [`BULK_MAX`]; as [`Tx::authorize`] for who may not see the organization's
/// invitations; if the store does not answer.
pub async fn create_many(
    tx: &mut Tx,
    caller: &Caller,
    org: OrgId,
    rows: Vec<Result<NewInvitation>>,
) -> Result<Vec<Result<Invitation>>> {
    tx.authorize::<action::List>(caller, org).await?;
    if !(1..=BULK_MAX).contains(&rows.len()) {
        return Err(Error::invalid("invitations", format!("1 to {BULK_MAX}")));
    }
    let mut outcomes = vec![];
    for row in rows {
        outcomes.push(match row {
            Ok(new) => attempt(tx, caller, org, &new).await?,
            Err(unread) => Err(unread),
        });
    }
    Ok(outcomes)
}

/// One row, which leaves nothing if it is refused. The outer error is one for all rows.
async fn attempt(
    tx: &mut Tx,
    caller: &Caller,
    org: OrgId,
    new: &NewInvitation,
) -> Result<Result<Invitation>> {
    sqlx::query("savepoint invitation").execute(tx.connection()).await?;
    match create(tx, caller, org, new).await {
        Ok(made) => {
            sqlx::query("release savepoint invitation").execute(tx.connection()).await?;
            Ok(Ok(made))
        }
        Err(broken @ Error::Store(_)) => Err(broken),
        Err(refused) => {
            sqlx::query("rollback to savepoint invitation").execute(tx.connection()).await?;
            Ok(Err(refused))
        }
    }
}
