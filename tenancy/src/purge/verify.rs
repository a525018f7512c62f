//! The search for what is left.

use chrono::{DateTime, Utc};

use super::{PurgeRun, PurgeVerification, rows};
use crate::action::purge;
use crate::error::{Error, Result};
use crate::tx::{Authorized, Tx};

/// Looks through all tables for rows of what was erased, and keeps what was found for the receipt. Returns how many there
/// are.
///
/// # Errors
/// If the store does not answer.
pub async fn verify(tx: &mut Tx, _: &Authorized<purge::Run>, run: &PurgeRun) -> Result<i64> {
    let (left, now) = (rows::left(tx, &run.targets).await?, tx.now());
    sqlx::query!("update purges set verified_at = $2, rows_left = $3 where id = $1", run.id.0, now, left,)
        .execute(tx.connection())
        .await?;
    Ok(left)
}

/// What was found, as the receipt tells.
pub(super) async fn found(tx: &mut Tx, run: &PurgeRun) -> Result<PurgeVerification> {
    let row = sqlx::query!(
        r#"select verified_at, rows_left,
               (select coalesce(sum(number::bigint), 0)::bigint from purge_steps s, jsonb_each_text(s.counts) as c (class, number)
                where s.purge_id = p.id and s.step = 'verify' and class in ('objects', 'versions', 'uploads')) as "stragglers!",
               (select count(*) from purge_exceptions e where e.purge_id = p.id and e.remains is not null) as "objects_left!"
           from purges p where id = $1"#,
        run.id.0,
    )
    .fetch_one(tx.connection())
    .await?;
    let missing = || Error::Store(sqlx::Error::Decode("a receipt is written after the search".into()));
    let verified_at: DateTime<Utc> = row.verified_at.ok_or_else(missing)?;
    Ok(PurgeVerification {
        verified_at,
        stragglers: row.stragglers,
        objects_left: row.objects_left,
        rows_left: row.rows_left.ok_or_else(missing)?,
    })
}
