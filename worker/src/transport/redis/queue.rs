//! What is in Redis for one queue. apalis-redis names the keys; those who look at them are all here.

use std::time::Duration;

use ::redis::Script;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_redis::{Config, RedisTask};
use tenancy::queue::Wake;

use super::link::Link;
use super::{PREFIX, TransportError, WINDOW};

/// A worker counts as dead when it has not been heard of for three of these; then others get its hints.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How many hints are forgotten in one Lua call, which everybody else waits for.
const TRIMMED_AT_ONCE: usize = 1000;

/// How long apalis' note about a worker stays. Nobody reads it, and apalis never removes it.
const NOTE: Duration = Duration::from_secs(24 * 3600);

/// One queue, by the settings that apalis needs for it.
pub(super) struct Queue {
    config: Config,
}

impl Queue {
    pub(super) fn new(name: &str) -> Self {
        let config = Config::default()
            .queue(format!("{PREFIX}{name}"))
            // Several at once would wait in the worker's memory, and a worker that has some there neither
            // acknowledges nor sends heartbeats: others would take it for dead.
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(3)
            // Leases and events cost a round trip for each hint; claims are made in Postgres.
            .lock_tasks(false)
            .emit_events(false);
        Self { config }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How many hints wait.
    pub(super) async fn waiting(&self, link: &mut Link) -> Result<usize, TransportError> {
        let mut ask = ::redis::pipe();
        ask.zcard(self.config.scheduled_jobs_set()).llen(self.config.active_jobs_list());
        let (scheduled, active): (usize, usize) = ask.query_async(link).await?;
        Ok(scheduled + active)
    }

    /// Drops all hints that wait, and the marker with them: whoever looks next hands everything over again.
    pub(super) async fn clear(&self, link: &mut Link, marker: &str) -> Result<(), TransportError> {
        let script = Script::new(include_str!("clear.lua"));
        let mut call = script.key(self.config.scheduled_jobs_set());
        call.key(self.config.active_jobs_list())
            .key(self.config.job_data_hash())
            .key(marker)
            .arg(self.config.job_meta_hash());
        Ok(call.invoke_async(link).await?)
    }

    /// Puts hints in.
    pub(super) async fn push(&self, link: &mut Link, wakes: &[Wake]) -> Result<(), TransportError> {
        for wakes in wakes.chunks(WINDOW) {
            let tasks = wakes.iter().map(task).collect::<Result<Vec<_>, _>>()?;
            apalis_redis::queries::push_tasks(link, &self.config, &tasks).await?;
        }
        Ok(())
    }

    /// Removes what is left of hints that were worked.
    ///
    /// apalis' own `vacuum` takes tasks that wait for another try for finished ones, and leaves the set of finished ones
    /// to grow.
    pub(super) async fn trim(&self, link: &mut Link) -> Result<(), TransportError> {
        let script = Script::new(include_str!("trim.lua"));
        let mut call = script.key(self.config.done_jobs_set());
        call.key(self.config.job_data_hash()).arg(self.config.job_meta_hash()).arg(TRIMMED_AT_ONCE);
        loop {
            let trimmed: usize = call.invoke_async(link).await?;
            if trimmed < TRIMMED_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Takes a worker off the list that runs no more, gives back what it held, and drops hints whose data is gone.
    pub(super) async fn settle(&self, link: &mut Link, former: &WorkerContext) -> Result<(), TransportError> {
        let script = Script::new(include_str!("settle.lua"));
        let mut call = script.key(self.config.workers_set());
        call.key(self.config.active_jobs_list())
            .key(self.config.job_data_hash())
            .key(self.config.inflight_set_for(former))
            .key(self.config.worker_metadata_key(former))
            .arg(former.name())
            .arg(self.config.job_meta_hash());
        Ok(call.invoke_async(link).await?)
    }

    /// Sees to it that the note which apalis makes about a worker goes away some day.
    pub(super) async fn announce(
        &self,
        link: &mut Link,
        worker: &WorkerContext,
    ) -> Result<(), TransportError> {
        let note = self.config.worker_metadata_key(worker);
        let mut ask = ::redis::pipe();
        ask.hset(&note, "service", "").ignore().cmd("EXPIRE").arg(&note).arg(NOTE.as_secs()).ignore();
        Ok(ask.query_async(link).await?)
    }
}

/// A hint as apalis wants it.
fn task(wake: &Wake) -> Result<RedisTask, serde_json::Error> {
    // Each time that a job is handed over has an id of its own: apalis takes an id it knows for a doublet.
    let id = TaskId::from_string(format!("{}.{}", wake.job, wake.epoch));
    Ok(TaskBuilder::new(serde_json::to_vec(wake)?).task_id(id).build())
}
