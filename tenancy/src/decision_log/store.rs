//! The table `decisions`: rows go in by batches, days go out by partitions.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::row::Row;
use crate::db::Db;

/// No partition for a row, says Postgres with this code.
const CHECK_VIOLATION: &str = "23514";

/// Makes sure that there is a partition for each row; `known` are the days that need not be looked for.
pub(super) async fn make_partitions(
    db: &Db,
    rows: &[Row],
    known: &mut HashSet<NaiveDate>,
) -> sqlx::Result<()> {
    let days: HashSet<NaiveDate> = rows.iter().map(|row| row.at.date_naive()).collect();
    for day in days {
        if known.contains(&day) {
            continue;
        }
        let mut tx = db.pool().begin().await?;
        sqlx::query("set local lock_timeout = '5s'").execute(&mut *tx).await?;
        sqlx::query!("select create_decision_partition($1)", day).execute(&mut *tx).await?;
        tx.commit().await?;
        known.insert(day);
    }
    Ok(())
}

/// Writes rows. Those that are there already, from a try whose answer was lost, stay as they are.
pub(super) async fn insert(db: &Db, rows: &[Row]) -> sqlx::Result<()> {
    // One document: columns that are lists themselves cannot be sent as lists of columns.
    let rows = serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "insert into decisions
             (id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type,
              resource_id, context, masked, decision, reason, message, policies, is_withheld, revision,
              policy_hash, request_id, duration_us, batch_index)
         select id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type,
                resource_id, context, masked, decision, reason, message, policies, is_withheld, revision,
                policy_hash, request_id, duration_us, batch_index
         from json_populate_recordset(null::decisions, $1::text::json)
         on conflict do nothing",
        rows,
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Forgets the days that ended before a time; tells how many. None if another replica is at it.
pub(super) async fn forget(db: &Db, before: DateTime<Utc>) -> sqlx::Result<i32> {
    let mut tx = db.pool().begin().await?;
    // Dropping waits for those who read, and others wait behind it: the next hour is soon enough.
    sqlx::query("set local lock_timeout = '3s'").execute(&mut *tx).await?;
    let dropped =
        sqlx::query_scalar!(r#"select drop_decision_partitions($1) as "count!""#, before.date_naive())
            .fetch_one(&mut *tx)
            .await?;
    tx.commit().await?;
    Ok(dropped)
}

/// What an error of [`insert`] means for the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A partition is gone that was there.
    Partition,
    /// The store will never take them.
    Refused,
    /// The store does not answer, or not now.
    Store,
}

impl Trouble {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(CHECK_VIOLATION) => Self::Partition,
            // Data that does not fit, and limits of the program.
            Some(code) if code.starts_with("22") || code.starts_with("54") => Self::Refused,
            _ => Self::Store,
        }
    }
}
