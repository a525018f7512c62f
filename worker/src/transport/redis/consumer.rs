//! Takes hints out of a queue for as long as the process wants.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use apalis::layers::WorkerBuilderExt;
use apalis_core::backend::ext::poll_strategy::PollWith;
use apalis_core::error::{BoxDynError, WorkerError};
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_redis::RedisStorage;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tenancy::queue::Wake;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::link::Link;
use super::queue::Queue;
use super::ticks::Ticks;
use super::{Redis, TransportError};

/// How often an empty queue is looked at.
const POLL: Duration = Duration::from_millis(50);

/// The pause after a worker has ended, doubled up to the longer one while it goes on.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How long a worker must have run for its end to be a new bad time.
const STEADY: Duration = Duration::from_secs(5);

/// How long Redis may take to hear of what was done when the process stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts one apalis worker after the other: each error of Redis ends one.
pub(super) struct Consumer {
    link: Link,
    queue: Queue,
    name: &'static str,
    instance: String,
    concurrency: usize,
    crew: Crew,
}

/// What outlives the workers: the work that is going on, and the bound on it.
#[derive(Clone)]
struct Crew {
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Consumer {
    pub(super) fn new(
        redis: &Redis,
        queue: &'static str,
        concurrency: usize,
        stop: CancellationToken,
    ) -> Self {
        let concurrency = concurrency.max(1);
        let crew = Crew { slots: Arc::new(Semaphore::new(concurrency)), tasks: TaskTracker::new(), stop };
        Self {
            link: redis.link.clone(),
            queue: Queue::new(queue),
            name: queue,
            instance: redis.instance.clone(),
            concurrency,
            crew,
        }
    }

    /// Until it is stopped and all work has ended.
    pub(super) async fn run<F, Fut>(self, work: F)
    where
        F: Fn(Wake) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let stop = self.crew.stop.clone();
        let mut former = None;
        let mut pause = PAUSE.0;
        let mut quiet = false;
        // A name for each worker: apalis refuses one whose last heartbeat is recent.
        for number in 0_u64.. {
            let worker = WorkerContext::new(&format!("{}-{}-{number}", self.instance, self.name));
            let begin = Instant::now();
            let ended = self.work_as(&worker, &mut former, work.clone()).await;
            if stop.is_cancelled() {
                break;
            }
            let entered = former.as_ref().is_some_and(|former| former.name() == worker.name());
            if entered && begin.elapsed() > STEADY {
                (pause, quiet) = (PAUSE.0, false);
            }
            // Once for each bad time, not once for each attempt.
            if !quiet {
                let error =
                    ended.err().map_or_else(|| "ended by itself".to_owned(), |error| error.to_string());
                tracing::warn!(queue = self.name, %error, "hints stopped coming from Redis; trying again");
                quiet = true;
            }
            tokio::select! { () = sleep(pause) => {}, () = stop.cancelled() => break }
            pause = (pause * 2).min(PAUSE.1);
        }
        self.crew.tasks.close();
        self.crew.tasks.wait().await;
        if let Some(former) = former {
            // If it fails, others get what it held when its heartbeats have been missing for long enough.
            let _ = timeout(FAREWELL, self.queue.settle(&mut self.link.clone(), &former)).await;
        }
    }

    /// One worker, from its connection to its end.
    async fn work_as<F, Fut>(
        &self,
        worker: &WorkerContext,
        former: &mut Option<WorkerContext>,
        work: F,
    ) -> Result<(), TransportError>
    where
        F: Fn(Wake) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let connection = tokio::select! {
            biased;
            () = self.crew.stop.cancelled() => return Ok(()),
            connection = self.enter(worker, former.as_ref()) => connection?,
        };
        if former.replace(worker.clone()).is_some() {
            tracing::info!(queue = self.name, "hints come from Redis again");
        }

        let mut running = self.start(worker, connection, work);
        tokio::select! {
            biased;
            ended = &mut running => return Ok(ended?),
            () = self.crew.stop.cancelled() => {}
        }
        // It fetches no more, and ends when all it called has ended and been acknowledged, if Redis lets it.
        worker.stop()?;
        let patience = async {
            self.crew.tasks.close();
            self.crew.tasks.wait().await;
            sleep(FAREWELL).await;
        };
        tokio::select! { biased; ended = &mut running => Ok(ended?), () = patience => Ok(()) }
    }

    /// An apalis worker. In a box, for the compiler cannot see through its type in an async function.
    fn start<F, Fut>(
        &self,
        worker: &WorkerContext,
        connection: MultiplexedConnection,
        work: F,
    ) -> BoxFuture<'static, Result<(), WorkerError>>
    where
        F: Fn(Wake) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let storage = RedisStorage::<Value, _>::new(connection).with_config(self.queue.config().clone());
        let crew = self.crew.clone();
        WorkerBuilder::new(worker)
            .backend(PollWith::new(storage, Ticks::every(POLL)))
            .concurrency(self.concurrency)
            .build(move |hint: Value| {
                let (crew, work) = (crew.clone(), work.clone());
                async move {
                    crew.take(hint, work).await;
                    // Whatever came of it stands in Postgres: apalis' own retries must not begin.
                    Ok::<(), BoxDynError>(())
                }
            })
            .run()
            .boxed()
    }

    /// Cleans up behind the former worker and connects for the next one.
    async fn enter(
        &self,
        worker: &WorkerContext,
        former: Option<&WorkerContext>,
    ) -> Result<MultiplexedConnection, TransportError> {
        self.queue.settle(&mut self.link.clone(), former.unwrap_or(worker)).await?;
        self.queue.announce(&mut self.link.clone(), worker).await?;
        Ok(self.link.connect().await?)
    }
}

impl Crew {
    /// Does the work of a hint, as a task of its own: apalis drops its handlers when Redis fails.
    async fn take<F, Fut>(&self, hint: Value, work: F)
    where
        F: Fn(Wake) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        // Parsed here, for apalis ends a worker that gets what it cannot parse, and gives it to the next.
        let wake: Wake = match serde_json::from_value(hint) {
            Ok(wake) => wake,
            Err(error) => return tracing::warn!(%error, "a hint that says nothing is dropped"),
        };
        // Work that a former worker began counts too.
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
        if self.stop.is_cancelled() {
            // Never acknowledged, so that it goes back when this worker leaves. With it go those that end after the stop:
            // apalis acknowledges once all its handlers have ended. Those come twice, and find nothing to do.
            std::future::pending::<()>().await;
        }
        let work = work(wake);
        let task = self.tasks.spawn(async move {
            work.await;
            drop(slot);
        });
        if let Err(error) = task.await {
            tracing::error!(job = %wake.job, %error, "work ended in a panic");
        }
    }
}
