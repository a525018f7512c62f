use chrono::TimeDelta;

use crate::action::platform;
use crate::error::Result;
use crate::tx::{Authorized, Tx};

/// How long a key that was counted is known. Counters stay for good.
const KEPT: TimeDelta = TimeDelta::days(40);

/// Removes records of what was counted more than 40 days ago. Returns how many; at most 10 000.
///
/// # Errors
/// If the store does not answer.
pub async fn trim(tx: &mut Tx, _: &Authorized<platform::TrimUsage>) -> Result<u64> {
    let long_ago = tx.now() - KEPT;
    let records = sqlx::query!(
        "delete from usage_records where (org_id, key) in (
             select org_id, key from usage_records where created_at < $1 limit 10000)",
        long_ago
    )
    .execute(tx.connection())
    .await?;
    Ok(records.rows_affected())
}
