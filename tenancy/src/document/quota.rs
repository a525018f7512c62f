use serde::Serialize;
use utoipa::ToSchema;

use crate::action::user;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::tx::{Authorized, Tx};

/// From how many percent on somebody is warned.
const WARNED_ABOVE: i64 = 80;

/// How much somebody may store, and does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Quota {
    /// In bytes, with what is announced and not there yet.
    pub used_bytes: i64,
    /// In bytes.
    pub limit_bytes: i64,
    /// How much of the limit that is, rounded down; more than 100 after it was lowered. Null where the limit is zero.
    pub percent: Option<i64>,
    /// `near` from more than 80 % on, `reached` when nothing more fits.
    #[schema(example = json!(["near"]))]
    pub warnings: Vec<&'static str>,
}

impl Quota {
    fn new(used_bytes: i64, limit_bytes: i64) -> Self {
        let percent = (limit_bytes > 0).then(|| used_bytes.saturating_mul(100) / limit_bytes);
        let is_reached = used_bytes >= limit_bytes;
        let is_near = used_bytes.saturating_mul(100) > limit_bytes.saturating_mul(WARNED_ABOVE);
        let named = [(is_near, "near"), (is_reached, "reached")];
        let warnings = named.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        Self { used_bytes, limit_bytes, percent, warnings }
    }
}

/// How much somebody may store, and does.
///
/// # Errors
/// If the store does not answer.
pub async fn quota(tx: &mut Tx, allowed: &Authorized<user::ViewQuota>) -> Result<Quota> {
    let row = sqlx::query!(
        "select used_bytes, limit_bytes from user_quotas where user_id = $1",
        allowed.target().0
    )
    .fetch_optional(tx.connection())
    .await?;
    let first = tx.account_settings().quota;
    Ok(row.map_or(Quota::new(0, first), |row| Quota::new(row.used_bytes, row.limit_bytes)))
}

/// Insists that so much more may be stored. Who else stores something of this person's waits until the transaction ends;
/// the row that is written counts itself.
///
/// # Errors
/// [`Error::QuotaExceeded`]
pub(super) async fn reserve(tx: &mut Tx, owner: UserId, wanted: i64) -> Result<()> {
    let first = tx.account_settings().quota;
    // Who was brought in has none to begin with.
    sqlx::query!(
        "insert into user_quotas (user_id, limit_bytes) values ($1, $2) on conflict (user_id) do nothing",
        owner.0,
        first
    )
    .execute(tx.connection())
    .await?;
    let row = sqlx::query!(
        "select used_bytes, limit_bytes from user_quotas where user_id = $1 for no key update",
        owner.0
    )
    .fetch_one(tx.connection())
    .await?;
    let (used, limit) = (row.used_bytes, row.limit_bytes);
    if used.saturating_add(wanted) > limit {
        return Err(Error::QuotaExceeded { used, limit, wanted });
    }
    Ok(())
}
