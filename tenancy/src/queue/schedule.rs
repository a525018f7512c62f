use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Result;
use crate::id;

/// A kind that runs by itself.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The kind.
    pub kind: &'static str,
    /// The length of a slot.
    pub every: Duration,
    /// The payload of each run.
    pub payload: Value,
}

/// Enqueues the run of the current slot, unless somebody has, or the kind is paused. Slots that nobody took are not
/// made up for one by one: the current one does for all. Returns whether this call took it.
///
/// # Errors
/// If the store does not answer.
pub async fn take_slot(db: &Db, schedule: &Schedule) -> Result<bool> {
    let job: Uuid = id::new(db.now(), db.random());
    let done = sqlx::query!(
        "with current as (
             select to_timestamp(floor(extract(epoch from now()) / $2::float8) * $2::float8) as slot),
         taken as (
             insert into job_slots (kind, slot, job_id)
             select $1, slot, $3 from current
             where not exists (select from job_kinds k where k.kind = $1 and k.paused_at is not null)
               and not exists (select from job_slots s where s.kind = $1 and s.slot = current.slot)
             on conflict (kind, slot) do nothing
             returning job_id)
         insert into jobs (id, kind, payload, unique_key)
         select job_id, $1, $4, 'schedule' from taken
         on conflict (kind, unique_key) where state = 'pending' do nothing",
        schedule.kind,
        schedule.every.as_secs_f64(),
        job,
        schedule.payload,
    )
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}
