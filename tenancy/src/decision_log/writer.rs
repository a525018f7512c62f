//! Takes entries out of the buffer and writes them where the settings say.

use std::collections::{HashSet, VecDeque};
use std::io::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;

use super::buffer::Held;
use super::logged::Logged;
use super::row::Row;
use super::store::{self, Trouble};
use super::{DecisionLog, Shared};
use crate::db::Db;
use crate::error::{Error, Result};

/// Most rows of a statement: the embedded Postgres has one connection, and decisions wait for it meanwhile.
const CHUNK: usize = 500;

/// Most bytes of a statement, as far as they can be estimated; a single row may have more.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes the log. There is one for each log and process.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    db: Db,
    /// Taken and not written, oldest first.
    pending: VecDeque<Held>,
    /// How many of these were printed already.
    printed: usize,
    /// Days that have a partition.
    days: HashSet<NaiveDate>,
}

impl Writer {
    pub(super) fn new(db: &Db, shared: Arc<Shared>) -> Self {
        Self { shared, db: db.clone(), pending: VecDeque::new(), printed: 0, days: HashSet::new() }
    }

    /// The writer of a store's log; none if nothing is logged. [`LogTask`](super::LogTask) has one of its own.
    #[must_use]
    pub fn of(db: &Db) -> Option<Self> {
        let DecisionLog(shared) = db.log();
        shared.as_ref().map(|shared| Self::new(db, Arc::clone(shared)))
    }

    /// Writes everything that waits, and tells how many entries that were.
    ///
    /// # Errors
    /// If the store did not take them. They are kept, and written by a later call; none is written twice.
    pub async fn flush(&mut self) -> Result<usize> {
        self.pending.append(&mut self.shared.buffer.take());
        let mut written = 0;
        while !self.pending.is_empty() {
            let chunk = self.chunk();
            let rows: Vec<Row> =
                self.pending.range(..chunk).map(|held| Row::new(&held.entry, &self.shared.mask)).collect();
            let sinks = self.shared.settings.sinks;
            let mut refused = 0;
            if sinks.stdout && self.printed < chunk {
                let is_lost = !print(&rows[self.printed..]).await && !sinks.postgres;
                refused = if is_lost { chunk } else { 0 };
                self.printed = chunk;
            }
            if sinks.postgres {
                refused = self.store(&rows).await.map_err(Error::Store)?;
            }
            let done: Vec<Held> = self.pending.drain(..chunk).collect();
            self.printed = 0;
            self.shared.buffer.release(done.iter());
            self.shared.counters.written(chunk - refused);
            self.shared.counters.dropped(refused);
            written += chunk - refused;
        }
        Ok(written)
    }

    /// Forgets what is older than the retention; tells how many days that were.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn forget(&mut self) -> Result<i32> {
        let settings = &self.shared.settings;
        let before = self.db.now().checked_sub_signed(settings.retention);
        let (true, Some(before)) = (settings.sinks.postgres, before) else { return Ok(0) };
        let dropped = store::forget(&self.db, before).await.map_err(Error::Store)?;
        if dropped > 0 {
            self.days.clear();
        }
        Ok(dropped)
    }

    /// How many entries are not written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.buffer.len()
    }

    pub(super) async fn half_full(&self) {
        self.shared.buffer.half_full().await;
    }

    /// How many entries are written next.
    fn chunk(&self) -> usize {
        let mut bytes = 0;
        let fits = |held: &&Held| {
            bytes += held.bytes;
            bytes <= CHUNK_BYTES
        };
        self.pending.iter().take(CHUNK).take_while(fits).count().max(1)
    }

    /// Writes rows into the store; tells how many it will never take.
    async fn store(&mut self, rows: &[Row]) -> sqlx::Result<usize> {
        store::make_partitions(&self.db, rows, &mut self.days).await?;
        let Err(error) = store::insert(&self.db, rows).await else { return Ok(0) };
        match Trouble::of(&error) {
            Trouble::Store => return Err(error),
            Trouble::Partition => {
                self.days.clear();
                return Err(error);
            }
            Trouble::Refused => {}
        }
        // One of them would keep all others out forever.
        let mut refused = 0;
        for row in rows {
            match store::insert(&self.db, std::slice::from_ref(row)).await {
                Ok(()) => {}
                Err(error) if Trouble::of(&error) == Trouble::Refused => {
                    tracing::error!(decision_id = %row.id, %error, "the store refuses a decision for the log");
                    refused += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

/// Prints rows, a JSON object on each line; false if that was not possible.
async fn print(rows: &[Row]) -> bool {
    let mut lines = Vec::new();
    for row in rows {
        // A row is made of texts and numbers: writing it into memory cannot fail.
        if serde_json::to_writer(&mut lines, &Logged::from(row.clone())).is_ok() {
            lines.push(b'\n');
        }
    }
    // Whoever reads the other end may be slow.
    let printed = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout().lock();
        out.write_all(&lines).and_then(|()| out.flush())
    });
    let is_printed = matches!(printed.await, Ok(Ok(())));
    if !is_printed {
        tracing::warn!(entries = rows.len(), "decisions could not be printed");
    }
    is_printed
}
