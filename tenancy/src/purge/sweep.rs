//! No purge stands still.

use crate::action::platform;
use crate::error::Result;
use crate::id::PurgeId;
use crate::jobs::RunPurge;
use crate::tx::{Authorized, Tx};

/// Starts the purges that are due and have no job, because their time has come or their job died. Returns how many.
///
/// # Errors
/// If the store does not answer.
pub async fn sweep(tx: &mut Tx, _: &Authorized<platform::SweepPurges>, most: i64) -> Result<usize> {
    let now = tx.now();
    let due = sqlx::query_scalar!(
        "select id from purges p where state in ('waiting', 'running') and due_at <= $1
           and not exists (select from jobs j where j.kind = 'purge.run' and j.unique_key = p.id::text
                           and j.state in ('pending', 'running'))
         order by due_at limit $2",
        now,
        most,
    )
    .fetch_all(tx.connection())
    .await?;
    for id in &due {
        tx.enqueue(&RunPurge { purge_id: PurgeId(*id) }).await?;
    }
    // The mail has had its time: an address is not kept for good because nobody took it.
    sqlx::query!(
        "delete from purge_recipients r using purges p
         where p.id = r.purge_id and p.finished_at < $1::timestamptz - interval '7 days'",
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(due.len())
}
