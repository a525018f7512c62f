use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::job::JobState;
use crate::action::platform;
use crate::error::{Error, Result};
use crate::id::JobId;
use crate::tx::{Authorized, Tx};

/// How many jobs there are, and how it goes with them.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = JobCounts)]
pub struct Counts {
    /// That wait.
    pub pending: i64,
    /// That run.
    pub running: i64,
    /// That are done and not yet removed.
    pub done: i64,
    /// That were given up.
    pub dead: i64,
    /// That were called off and not yet removed.
    pub cancelled: i64,
    /// For how many seconds the oldest of them that waits and is not paused has been due; null if none is.
    pub lag_seconds: Option<f64>,
    /// Done within the last minute.
    pub done_last_minute: i64,
    /// Done within the last hour.
    pub done_last_hour: i64,
    /// Attempts that failed within the last hour.
    pub failures_last_hour: i64,
}

/// A kind of job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KindStats {
    /// The kind.
    #[schema(example = "mail.send")]
    pub kind: String,
    /// What a worker told of it; null if none did.
    pub registered: Option<Registered>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Its jobs.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What a worker told of a kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RegisteredKind)]
pub struct Registered {
    /// The queue in which its jobs wait for a free place.
    pub queue: String,
    /// How often a job is tried.
    pub attempts: i32,
    /// How long an attempt may take.
    pub timeout_seconds: i32,
    /// How long a job is tried, counted from when it became due.
    pub lifetime_seconds: i64,
    /// How often it runs by itself; null if it does not.
    pub every_seconds: Option<i32>,
}

/// A queue: all its kinds together.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueueStats {
    /// The name.
    pub queue: String,
    /// Its jobs.
    #[serde(flatten)]
    pub counts: Counts,
}

/// All queues, and all kinds of jobs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = QueueOverview)]
pub struct Stats {
    /// By name.
    pub queues: Vec<QueueStats>,
    /// By name. A kind that no worker told of is in none of the queues.
    pub kinds: Vec<KindStats>,
}

/// A kind that runs by itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Timetable {
    /// The kind.
    pub kind: String,
    /// The length of a slot.
    pub every_seconds: i32,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// The slot that was taken last.
    pub last_slot: Option<DateTime<Utc>>,
    /// The run of that slot.
    pub last_job_id: Option<JobId>,
    /// How that run is; null once it is removed, and where a run before it was still waiting and did for both.
    pub last_job_state: Option<JobState>,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.running += other.running;
        self.done += other.done;
        self.dead += other.dead;
        self.cancelled += other.cancelled;
        self.done_last_minute += other.done_last_minute;
        self.done_last_hour += other.done_last_hour;
        self.failures_last_hour += other.failures_last_hour;
        self.lag_seconds = match (self.lag_seconds, other.lag_seconds) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Counts of all kinds and queues, by the clock of the store.
///
/// # Errors
/// If the store does not answer.
pub async fn stats(tx: &mut Tx, _: &Authorized<platform::ViewQueue>) -> Result<Stats> {
    let rows = sqlx::query!(
        r#"with counted as (
               select kind,
                   count(*) filter (where state = 'pending') as pending,
                   count(*) filter (where state = 'running') as running,
                   count(*) filter (where state = 'done') as done,
                   count(*) filter (where state = 'dead') as dead,
                   count(*) filter (where state = 'cancelled') as cancelled,
                   min(run_at) filter (where state = 'pending' and run_at <= now()) as oldest,
                   count(*) filter (where state = 'done' and finished_at > now() - interval '1 minute') as last_minute,
                   count(*) filter (where state = 'done' and finished_at > now() - interval '1 hour') as last_hour
               from jobs group by kind),
           failed as (
               select j.kind, count(*) as failures from job_failures f join jobs j on j.id = f.job_id
               where f.at > now() - interval '1 hour' group by j.kind)
           select kind as "kind!", k.queue as "queue?", k.attempts as "attempts?",
                  k.timeout_seconds as "timeout_seconds?", k.lifetime_seconds as "lifetime_seconds?", k.every_seconds,
                  k.paused_at,
                  coalesce(c.pending, 0) as "pending!", coalesce(c.running, 0) as "running!",
                  coalesce(c.done, 0) as "done!", coalesce(c.dead, 0) as "dead!",
                  coalesce(c.cancelled, 0) as "cancelled!",
                  case when k.paused_at is null then extract(epoch from now() - c.oldest)::float8 end as lag_seconds,
                  coalesce(c.last_minute, 0) as "last_minute!", coalesce(c.last_hour, 0) as "last_hour!",
                  coalesce(f.failures, 0) as "failures!"
           from job_kinds k full join counted c using (kind) left join failed f using (kind)
           order by kind"#
    )
    .fetch_all(tx.connection())
    .await?;
    let mut queues: BTreeMap<String, Counts> = BTreeMap::new();
    let mut kinds = vec![];
    for row in rows {
        let counts = Counts {
            pending: row.pending,
            running: row.running,
            done: row.done,
            dead: row.dead,
            cancelled: row.cancelled,
            lag_seconds: row.lag_seconds,
            done_last_minute: row.last_minute,
            done_last_hour: row.last_hour,
            failures_last_hour: row.failures,
        };
        let told = (row.queue, row.attempts, row.timeout_seconds, row.lifetime_seconds);
        let registered = match told {
            (Some(queue), Some(attempts), Some(timeout_seconds), Some(lifetime_seconds)) => {
                Some(Registered {
                    queue,
                    attempts,
                    timeout_seconds,
                    lifetime_seconds,
                    every_seconds: row.every_seconds,
                })
            }
            _ => None,
        };
        if let Some(Registered { queue, .. }) = &registered {
            queues.entry(queue.clone()).or_default().add(&counts);
        }
        kinds.push(KindStats { kind: row.kind, registered, paused_at: row.paused_at, counts });
    }
    let queues = queues.into_iter().map(|(queue, counts)| QueueStats { queue, counts }).collect();
    Ok(Stats { queues, kinds })
}

/// The kinds that run by themselves, by name.
///
/// # Errors
/// If the store does not answer.
pub async fn timetables(tx: &mut Tx, _: &Authorized<platform::ViewQueue>) -> Result<Vec<Timetable>> {
    let rows = sqlx::query!(
        r#"select k.kind, k.every_seconds as "every_seconds!", k.paused_at, s.slot as "slot?", s.job_id,
                  j.state as "state?"
           from job_kinds k
           left join lateral (
               select slot, job_id from job_slots where kind = k.kind order by slot desc limit 1) s on true
           left join jobs j on j.id = s.job_id
           where k.every_seconds is not null order by k.kind"#
    )
    .fetch_all(tx.connection())
    .await?;
    let timetables = rows.into_iter().map(|row| {
        let unknown = |state: &str| Error::from(sqlx::Error::Decode(format!("no state {state:?}").into()));
        let state = row.state.as_deref();
        Ok(Timetable {
            kind: row.kind,
            every_seconds: row.every_seconds,
            paused_at: row.paused_at,
            last_slot: row.slot,
            last_job_id: row.job_id.map(JobId),
            last_job_state: state
                .map(|state| JobState::parse(state).ok_or_else(|| unknown(state)))
                .transpose()?,
        })
    });
    timetables.collect()
}
