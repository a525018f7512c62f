//! Spending: an organization uses something, and pays whoever it belongs to. What is used is any entity of the policy
//! folder: nothing here knows of agents.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::action::org;
use crate::audit::Change;
use crate::error::Result;
use crate::id::{OrgId, ResourceId, UseId};
use crate::money::Money;
use crate::once::{self, Once};
use crate::tx::{Authorized, Tx};
use crate::wallet::{self, Entry, EntryKind};

/// A use of something.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) id: UseId,
    pub(crate) charged: Option<Money>,
    pub(crate) created_at: DateTime<Utc>,
}

/// On what terms something may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Who is paid.
    pub(crate) owner: OrgId,
    /// How much, more than nothing.
    pub(crate) price: Money,
}

/// Notes that an organization uses something, once for each key. Whoever sends the same key at the same time waits until
/// this transaction has ended. What it costs is [`charge`]d after.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if it is no key; [`Error::Conflict`](crate::Error::Conflict) `key_reused` if
/// the key came before for something else.
pub(crate) async fn note(
    tx: &mut Tx,
    allowed: &Authorized<org::Spend>,
    what: &ResourceId,
    key: &str,
) -> Result<Once<Use>> {
    once::check_key(key)?;
    let (org, id, now) = (*allowed.target(), UseId(tx.new_id()), tx.now());
    let inserted = sqlx::query!(
        "insert into uses (id, org_id, key, used_type, used_id, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint uses_key do nothing",
        id.0,
        org.0,
        key,
        what.kind,
        what.id,
        now,
    )
    .execute(tx.connection())
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Once::Now(Use { id, charged: None, created_at: now }));
    }
    let before = sqlx::query!(
        "select id, used_type, used_id, price, created_at from uses where org_id = $1 and key = $2",
        org.0,
        key,
    )
    .fetch_one(tx.connection())
    .await?;
    if (before.used_type.as_str(), before.used_id.as_str()) != (what.kind.as_str(), what.id.as_str()) {
        return Err(once::reused());
    }
    let charged = before.price.map(Money::from);
    Ok(Once::Before(Use { id: UseId(before.id), charged, created_at: before.created_at }))
}

/// Charges the organization for a use, and credits whoever it used something of: both, or neither.
///
/// # Errors
/// [`Error::Conflict`](crate::Error::Conflict) `insufficient_funds` if there is not so much in the wallet.
pub(crate) async fn charge(
    tx: &mut Tx,
    allowed: &Authorized<org::Spend>,
    used: &mut Use,
    what: &ResourceId,
    terms: Terms,
) -> Result<()> {
    let (org, key) = (*allowed.target(), used.id.to_string());
    let reason = format!("{} {}", what.kind, what.id).chars().take(200).collect::<String>();
    let entry = |org, kind, amount, counterparty| Entry {
        org,
        kind,
        amount,
        reason: &reason,
        key: &key,
        used: Some(what),
        counterparty: Some(counterparty),
    };
    wallet::lock(tx, &[org, terms.owner]).await?;
    let paid = wallet::append(tx, &entry(org, EntryKind::Use, terms.price.negated(), terms.owner)).await?;
    wallet::append(tx, &entry(terms.owner, EntryKind::Earning, terms.price, org)).await?;
    sqlx::query!("update uses set price = $2 where id = $1", used.id.0, terms.price.decimal())
        .execute(tx.connection())
        .await?;
    used.charged = Some(terms.price);
    // In the chain of who pays, and only there: the owner's would be waited for while the own one is held.
    let after = json!({
        "use": used.id, "used": what, "owner": terms.owner, "amount": paid.amount, "balance": paid.balance,
    });
    tx.record(allowed, None, &allowed.uid(), Change { after, ..Change::default() }).await
}
