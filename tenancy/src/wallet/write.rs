use serde_json::json;

use super::entry::{Entry, EntryKind, Row, WalletEntry, append, lock};
use crate::action::org;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::money::Money;
use crate::once::{self, Once};
use crate::text;
use crate::tx::{Authorized, Tx};

/// A payment to be entered.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Above zero for a credit, below for a debit.
    pub amount: Money,
    /// What it is for, 1 to 200 characters.
    pub reason: String,
    /// What tells it from other payments: the same key is the same payment.
    pub key: String,
}

/// Enters a payment, once for each key.
///
/// # Errors
/// [`Error::Invalid`] for what is no payment, and for more than a wallet can hold; [`Error::Conflict`] with
/// `insufficient_funds` if the balance would be negative, and `key_reused` if the key came before with another amount or
/// reason.
pub async fn write(
    tx: &mut Tx,
    allowed: &Authorized<org::WriteWallet>,
    new: &NewEntry,
) -> Result<Once<WalletEntry>> {
    once::check_key(&new.key)?;
    text::check_line("reason", &new.reason, text::NAME_MAX)?;
    if new.amount == Money::ZERO {
        return Err(Error::invalid("amount", "not zero"));
    }
    let org = *allowed.target();
    lock(tx, &[org]).await?;
    let before = sqlx::query_as!(
        Row,
        "select id, kind, amount, balance, reason, key, used_type, used_id, counterparty_id, created_at
         from wallet_entries where org_id = $1 and kind = $2 and key = $3",
        org.0,
        EntryKind::Payment.as_str(),
        new.key,
    )
    .fetch_optional(tx.connection())
    .await?;
    if let Some(row) = before {
        let entry = WalletEntry::try_from(row)?;
        let is_same = entry.amount == new.amount && entry.reason == new.reason;
        return if is_same { Ok(Once::Before(entry)) } else { Err(once::reused()) };
    }
    let entry = Entry {
        org,
        kind: EntryKind::Payment,
        amount: new.amount,
        reason: &new.reason,
        key: &new.key,
        used: None,
        counterparty: None,
    };
    let entry = append(tx, &entry).await?;
    let after = json!({
        "entry": entry.id, "amount": entry.amount, "balance": entry.balance, "reason": entry.reason, "key": entry.key,
    });
    tx.record(allowed, None, &allowed.uid(), Change { after, ..Change::default() }).await?;
    Ok(Once::Now(entry))
}
