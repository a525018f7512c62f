//! Follows the change feed, and reads what the cache lacks: one look at the store after the other, each for all who
//! wait for one. A look brings what was asked for and what has changed since the last look, as of one moment.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use authz::{EntityUid, Live};
use futures::FutureExt as _;
use runtime::Clock;
use sqlx::postgres::PgPool;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::cache::{Cache, Loaded, Moment};
use crate::error::{Error, Result};
use crate::lookup::Wanted;

pub(crate) mod line;
mod trim;

pub(crate) use line::Line;

/// How often the store is looked at when nobody asks and nothing is announced.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most entities of one look, unless one question alone wants more.
const MOST_WANTED: usize = 2_000;

/// A handle to the feed of this process.
#[derive(Debug)]
pub(crate) struct Feed {
    wants: mpsc::Sender<Want>,
}

/// Somebody who waits for the next look that begins from now on.
#[derive(Debug)]
struct Want {
    uids: Vec<EntityUid>,
    told: oneshot::Sender<Option<Arc<Loaded>>>,
}

/// The part of the feed that works.
pub(crate) struct Follower {
    pub(crate) line: Line,
    /// Ends the feed when it is closed.
    pub(crate) pool: PgPool,
    pub(crate) cache: Arc<Cache>,
    pub(crate) policies: Arc<Live>,
    pub(crate) clock: Clock,
    pub(crate) is_failing: bool,
}

impl Feed {
    /// Begins to follow. `changed` tells of changes of other processes; old ones are removed by way of the follower's
    /// pool.
    pub(crate) fn follow(mut follower: Follower, changed: Arc<Notify>) -> Self {
        let (wants, mut wanted) = mpsc::channel(1_024);
        let (running, stopped) = oneshot::channel();
        tokio::spawn(trim::regularly(follower.pool.clone(), stopped));
        tokio::spawn(async move {
            // A mistake of ours must not end all decisions for good: from a cache that is empty, it goes on.
            while AssertUnwindSafe(follower.run(&mut wanted, &changed)).catch_unwind().await.is_err() {
                tracing::error!("the feed failed and starts anew");
                follower.cache.reset();
            }
            // Who closed the store wants no more answers from it.
            follower.cache.reset();
            drop(running);
        });
        Self { wants }
    }

    /// Looks at the store, for these entities among others.
    ///
    /// # Errors
    /// [`Error::Unreachable`]
    pub(crate) async fn look(&self, uids: Vec<EntityUid>) -> Result<Arc<Loaded>> {
        let (told, answer) = oneshot::channel();
        self.wants.send(Want { uids, told }).await.map_err(|_| Error::Unreachable)?;
        answer.await.ok().flatten().ok_or(Error::Unreachable)
    }
}

impl Follower {
    async fn run(&mut self, wanted: &mut mpsc::Receiver<Want>, changed: &Notify) {
        let mut left_over: Option<Want> = None;
        loop {
            let first = match left_over.take() {
                Some(want) => Some(want),
                None => tokio::select! {
                    want = wanted.recv() => match want {
                        Some(want) => Some(want),
                        None => return,
                    },
                    () = changed.notified() => None,
                    () = tokio::time::sleep(HEARTBEAT) => None,
                    () = self.pool.close_event() => return,
                },
            };
            let (mut count, mut waiting) = (0, vec![]);
            for want in first.into_iter().chain(std::iter::from_fn(|| wanted.try_recv().ok())) {
                if count > 0 && count + want.uids.len() > MOST_WANTED {
                    left_over = Some(want);
                    break;
                }
                count += want.uids.len();
                waiting.push(want);
            }
            self.serve(waiting).await;
        }
    }

    /// One look for all who wait. If that fails, what one of them wants may be the cause, and the others should not
    /// suffer for it: then each has a look to itself, after one for nobody that keeps the cache young.
    async fn serve(&mut self, waiting: Vec<Want>) {
        if let Some(loaded) = self.look(waiting.iter().flat_map(|want| want.uids.clone()).collect()).await {
            waiting.into_iter().for_each(|want| drop(want.told.send(Some(Arc::clone(&loaded)))));
            return;
        }
        let is_wanted = waiting.iter().any(|want| !want.uids.is_empty());
        if !is_wanted || self.look(HashSet::new()).await.is_none() {
            waiting.into_iter().for_each(|want| drop(want.told.send(None)));
            return;
        }
        for want in waiting.into_iter().filter(|want| !want.told.is_closed()) {
            let loaded = self.look(want.uids.into_iter().collect()).await;
            if loaded.is_none() {
                self.look(HashSet::new()).await;
            }
            let _ = want.told.send(loaded);
        }
    }

    async fn look(&mut self, uids: HashSet<EntityUid>) -> Option<Arc<Loaded>> {
        let looked = tokio::time::timeout(PATIENCE, self.read(uids)).await;
        let error = match looked {
            Ok(Ok(loaded)) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the store can be read again");
                }
                return Some(Arc::new(loaded));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {PATIENCE:?}"),
        };
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(error, "the store cannot be read");
        }
        None
    }

    async fn read(&mut self, uids: HashSet<EntityUid>) -> Result<Loaded> {
        let snapshot = self.policies.snapshot();
        let wanted = Wanted::of(&snapshot, &uids);
        // Both before the store is read: what happens meanwhile may not have been seen.
        let (writes, as_of) = (self.cache.writes(), Moment::now(&self.clock));
        let read = self.line.read(&wanted, self.cache.position().as_ref(), self.clock.now()).await?;
        Ok(self.cache.take_in(read, uids, snapshot, writes, as_of))
    }
}
