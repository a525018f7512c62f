use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::entry::{EntryKind, Row, WalletEntry};
use crate::action::org;
use crate::error::{Error, Result};
use crate::page::{Page, Paged};
use crate::time;
use crate::tx::{Authorized, Tx};

/// Which entries of a wallet.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryFilter {
    /// Of this kind.
    #[param(inline)]
    pub kind: Option<EntryKind>,
    /// Made then or later.
    pub since: Option<DateTime<Utc>>,
    /// Made before.
    pub until: Option<DateTime<Utc>>,
}

/// The entries of a wallet, newest first.
///
/// # Errors
/// [`Error::Invalid`] for times that no entry can have.
pub async fn entries(
    tx: &mut Tx,
    allowed: &Authorized<org::ViewWallet>,
    filter: &EntryFilter,
    page: Page,
) -> Result<Paged<WalletEntry>> {
    for (field, bound) in [("since", filter.since), ("until", filter.until)] {
        if bound.is_some_and(|time| !time::is_storable(time)) {
            return Err(Error::invalid(field, "a time in the years 1 to 9999"));
        }
    }
    let (org, kind) = (*allowed.target(), filter.kind.map(EntryKind::as_str));
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from wallet_entries
           where org_id = $1 and ($2::text is null or kind = $2)
             and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)"#,
        org.0,
        kind,
        filter.since,
        filter.until,
    )
    .fetch_one(tx.connection())
    .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, kind, amount, balance, reason, key, used_type, used_id, counterparty_id, created_at
         from wallet_entries
         where org_id = $1 and ($2::text is null or kind = $2)
             and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)
         order by seq desc limit $5 offset $6",
        org.0,
        kind,
        filter.since,
        filter.until,
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let entries: Result<Vec<WalletEntry>> = rows.into_iter().map(WalletEntry::try_from).collect();
    Ok(page.of(entries?, total))
}
