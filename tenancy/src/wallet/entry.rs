use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{OrgId, ResourceId, WalletEntryId};
use crate::money::Money;
use crate::tx::Tx;
use crate::words::words;

words! {
    /// What an entry of a wallet is.
    EntryKind {
        /// Somebody put money in, or took some out.
        Payment = "payment",
        /// The organization used what it pays for.
        Use = "use",
        /// Somebody else used what is the organization's.
        Earning = "earning",
    }
}

/// An entry of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WalletEntry {
    /// The id.
    pub id: WalletEntryId,
    /// What it is.
    pub kind: EntryKind,
    /// Above zero for a credit, below for a debit.
    pub amount: Money,
    /// The balance with it.
    pub balance: Money,
    /// What it is for.
    pub reason: String,
    /// What tells it from others of its kind: whoever entered a payment chose it, for a use it is the use's id.
    pub key: String,
    /// What was used: an entity type of the policy folder.
    pub used_type: Option<String>,
    /// Its id.
    pub used_id: Option<String>,
    /// Whose it is, or who used it; null also once that organization is gone.
    pub counterparty_id: Option<OrgId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A row of `wallet_entries`.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) amount: Decimal,
    pub(super) balance: Decimal,
    pub(super) reason: String,
    pub(super) key: String,
    pub(super) used_type: Option<String>,
    pub(super) used_id: Option<String>,
    pub(super) counterparty_id: Option<Uuid>,
    pub(super) created_at: DateTime<Utc>,
}

impl TryFrom<Row> for WalletEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let unknown = || Error::Store(sqlx::Error::Decode(format!("unknown word {}", row.kind).into()));
        Ok(Self {
            id: WalletEntryId(row.id),
            kind: EntryKind::parse(&row.kind).ok_or_else(unknown)?,
            amount: row.amount.into(),
            balance: row.balance.into(),
            reason: row.reason,
            key: row.key,
            used_type: row.used_type,
            used_id: row.used_id,
            counterparty_id: row.counterparty_id.map(OrgId),
            created_at: row.created_at,
        })
    }
}

/// An entry to be made.
#[derive(Debug)]
pub(crate) struct Entry<'e> {
    pub(crate) org: OrgId,
    pub(crate) kind: EntryKind,
    pub(crate) amount: Money,
    pub(crate) reason: &'e str,
    pub(crate) key: &'e str,
    pub(crate) used: Option<&'e ResourceId>,
    pub(crate) counterparty: Option<OrgId>,
}

/// Makes everybody else wait who changes one of these wallets. They are taken in one order, whoever asks: two
/// transactions that want the same two never wait for one another.
pub(crate) async fn lock(tx: &mut Tx, orgs: &[OrgId]) -> Result<()> {
    let orgs: Vec<Uuid> = orgs.iter().map(|org| org.0).collect();
    sqlx::query!("select org_id from wallets where org_id = any ($1) order by org_id for update", &orgs)
        .fetch_all(tx.connection())
        .await?;
    Ok(())
}

/// Makes an entry; a trigger keeps the sum. The wallet is locked.
///
/// # Errors
/// [`Error::Conflict`] `insufficient_funds` if the balance would be negative; [`Error::Invalid`] if it would be more
/// than a wallet can hold.
pub(crate) async fn append(tx: &mut Tx, entry: &Entry<'_>) -> Result<WalletEntry> {
    let (id, now) = (tx.new_id(), tx.now());
    let row = sqlx::query_as!(
        Row,
        "insert into wallet_entries
             (id, org_id, seq, kind, amount, balance, reason, key, used_type, used_id, counterparty_id, created_at)
         values ($1, $2, 0, $3, $4, 0, $5, $6, $7, $8, $9, $10)
         returning id, kind, amount, balance, reason, key, used_type, used_id, counterparty_id, created_at",
        id,
        entry.org.0,
        entry.kind.as_str(),
        entry.amount.decimal(),
        entry.reason,
        entry.key,
        entry.used.map(|used| used.kind.as_str()),
        entry.used.map(|used| used.id.as_str()),
        entry.counterparty.map(|org| org.0),
        now,
    )
    .fetch_one(tx.connection())
    .await;
    row.map_err(too_much)?.try_into()
}

/// A sum that the store cannot hold (`numeric_value_out_of_range`) is the client's doing.
fn too_much(error: sqlx::Error) -> Error {
    match error.as_database_error().and_then(|error| error.code()).as_deref() {
        Some("22003") => Error::invalid("amount", "more than a wallet can hold"),
        _ => error.into(),
    }
}
