//! Follows the change feed, and reads what the cache lacks: one look at the store after the other, each for all who
//! wait for one. A look brings what was asked for and what has changed since the last look, as of one moment.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use authz::{EntityUid, Live};
use runtime::Clock;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::cache::{Cache, Loaded, Moment};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::lookup::{self, Wanted};

/// How often the store is looked at when nobody asks and nothing is announced.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most entities of one look.
const MOST_WANTED: usize = 2_000;
/// How often old changes are removed.
const TRIM: Duration = Duration::from_secs(60);
/// How long a change is kept at least. Who was away for longer starts anew.
const KEEP: Duration = Duration::from_secs(300);
/// The pause before listening is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

/// A handle to the feed of this process.
#[derive(Debug)]
pub(crate) struct Feed {
    wants: mpsc::Sender<Want>,
}

/// Somebody who waits for the next look that begins from now on.
#[derive(Debug)]
struct Want {
    uids: Vec<EntityUid>,
    told: oneshot::Sender<std::result::Result<Arc<Loaded>, String>>,
}

/// The part of the feed that works.
pub(crate) struct Follower {
    pub(crate) pool: PgPool,
    pub(crate) cache: Arc<Cache>,
    pub(crate) policies: Arc<Live>,
    pub(crate) clock: Clock,
}

impl Feed {
    /// Begins to follow.
    pub(crate) fn follow(follower: Follower, wakes: Wakes) -> Self {
        let (wants, wanted) = mpsc::channel(1_024);
        let changed = Arc::new(Notify::new());
        let (running, stopped) = oneshot::channel();
        if wakes == Wakes::ByNotification {
            tokio::spawn(listen(follower.pool.clone(), Arc::clone(&changed), stopped));
        }
        tokio::spawn(async move {
            follower.run(wanted, changed).await;
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
        let stopped = || Error::Unreachable("Doorward is stopping".into());
        self.wants.send(Want { uids, told }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?.map_err(Error::Unreachable)
    }
}

/// How the feed learns of changes between its heartbeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakes {
    /// `LISTEN`, on a connection of its own.
    ByNotification,
    /// Not at all: all changes come from this process, which tells of them itself.
    ByOwnWrites,
}

impl Follower {
    async fn run(self, mut wanted: mpsc::Receiver<Want>, changed: Arc<Notify>) {
        let mut trim_at = Instant::now() + TRIM;
        let mut is_failing = false;
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
                },
            };
            let (mut uids, mut waiting) = (HashSet::new(), vec![]);
            for want in first.into_iter().chain(std::iter::from_fn(|| wanted.try_recv().ok())) {
                if !uids.is_empty() && uids.len() + want.uids.len() > MOST_WANTED {
                    left_over = Some(want);
                    break;
                }
                uids.extend(want.uids);
                waiting.push(want.told);
            }
            let looked = tokio::time::timeout(PATIENCE, self.look(uids)).await;
            let looked = looked.unwrap_or_else(|_| Err(Error::Unreachable("the store is too slow".into())));
            match looked {
                Ok(loaded) => {
                    if std::mem::take(&mut is_failing) {
                        tracing::info!("the store answers again");
                    }
                    let loaded = Arc::new(loaded);
                    waiting.into_iter().for_each(|told| drop(told.send(Ok(Arc::clone(&loaded)))));
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::error!(%error, "the store cannot be read");
                    }
                    let error = error.to_string();
                    waiting.into_iter().for_each(|told| drop(told.send(Err(error.clone()))));
                }
            }
            self.cache.report();
            if self.pool.is_closed() {
                return;
            }
            if trim_at <= Instant::now() && !is_failing {
                trim_at = Instant::now() + TRIM;
                if let Err(error) = trim(&self.pool, KEEP).await {
                    tracing::warn!(%error, "old changes cannot be removed from the feed");
                }
            }
        }
    }

    async fn look(&self, uids: HashSet<EntityUid>) -> Result<Loaded> {
        let snapshot = self.policies.snapshot();
        let mut wanted = Wanted::default();
        for uid in &uids {
            wanted.add(&snapshot, uid);
        }
        // Both before the store is read: what happens meanwhile may not have been seen.
        let (writes, as_of) = (self.cache.writes(), Moment::now(&self.clock));
        let mut connection = self.pool.acquire().await?;
        let read = lookup::statement(&mut connection, &wanted, self.cache.position().as_ref()).await?;
        drop(connection);
        Ok(self.cache.take_in(read, uids, snapshot, writes, as_of))
    }
}

/// Wakes the feed when any transaction in the store announces changes. The table is the truth: a lost announcement
/// costs no more than a heartbeat.
async fn listen(pool: PgPool, changed: Arc<Notify>, mut stopped: oneshot::Receiver<()>) {
    loop {
        let listened = tokio::select! {
            listened = announcements(&pool, &changed) => listened,
            () = pool.close_event() => return,
            _ = &mut stopped => return,
        };
        if let Err(error) = listened {
            tracing::debug!(%error, "not listening for changes");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn announcements(pool: &PgPool, changed: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("doorward_changes").await?;
    loop {
        listener.recv().await?;
        changed.notify_one();
    }
}

/// Removes changes of transactions that had been over for a while: in two steps, a time apart, so that the time is
/// counted from when the last of them was over, however long it took.
async fn trim(pool: &PgPool, keep: Duration) -> Result<()> {
    let mut transaction = pool.begin().await?;
    // A dump that was restored here brought the numbers of another server.
    sqlx::query!(
        "update change_trim
         set below = '0', next = pg_snapshot_xmin(pg_current_snapshot()), next_at = clock_timestamp()
         where next > pg_snapshot_xmax(pg_current_snapshot())"
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from changes where xid >= pg_snapshot_xmax(pg_current_snapshot())")
        .execute(&mut *transaction)
        .await?;
    let is_due = sqlx::query_scalar!(
        r#"select true as "due!" from change_trim where next_at <= clock_timestamp() - make_interval(secs => $1)
           for update skip locked"#,
        keep.as_secs_f64(),
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if is_due.is_some() {
        sqlx::query!("delete from changes where xid < (select next from change_trim)")
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "update change_trim
             set below = next, next = pg_snapshot_xmin(pg_current_snapshot()), next_at = clock_timestamp()"
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

impl Db {
    /// Removes what the change feed has told for at least so long. Every process does it by itself, once a minute for
    /// what is five minutes old.
    ///
    /// # Errors
    /// [`Error::Store`]
    pub async fn trim_changes(&self, keep: Duration) -> Result<()> {
        trim(self.looks(), keep).await
    }
}
