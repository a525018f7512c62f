//! Wallets: money of organizations, as entries that are never changed and their sum, which is never negative.

mod entry;
mod list;
mod write;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use entry::{Entry, append, lock};
pub use entry::{EntryKind, WalletEntry};
pub use list::{EntryFilter, entries};
pub use write::{NewEntry, write};

use crate::action::org;
use crate::error::Result;
use crate::id::OrgId;
use crate::money::Money;
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// In what money is counted.
    Currency {
        /// Euro.
        Eur = "EUR",
    }
}

/// What an organization has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wallet {
    /// Whose it is.
    pub org_id: OrgId,
    /// The sum of all entries.
    pub balance: Money,
    /// In what it is counted.
    pub currency: Currency,
}

/// The wallet of an organization.
///
/// # Errors
/// If the store does not answer.
pub async fn wallet(tx: &mut Tx, allowed: &Authorized<org::ViewWallet>) -> Result<Wallet> {
    let org_id = *allowed.target();
    let balance = sqlx::query_scalar!("select balance from wallets where org_id = $1", org_id.0)
        .fetch_one(tx.connection())
        .await?;
    Ok(Wallet { org_id, balance: balance.into(), currency: Currency::Eur })
}
