//! The table of jobs, as those see it who fill it and wait.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use crate::store::Store;

/// How long a queue may take to become empty.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is asked. The times come from the rows.
const PROBE: Duration = Duration::from_millis(100);

/// What all jobs of a statement are about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload {
    /// A mail to a person who is gone: looked up, not found, done.
    Gone,
    /// A mail to an address that nobody else has.
    Mail,
}

impl Payload {
    /// Inserts so many rows. Their ids grow, as Doorward's do.
    fn insert(self) -> &'static str {
        match self {
            Self::Gone => {
                "insert into jobs (id, kind, user_id, payload)
                 select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
                         || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
                     'mail.send', gone, jsonb_build_object('mail', 'expired', 'user_id', gone)
                 from (select n, gen_random_uuid() as gone from generate_series(1, $1) n) jobs"
            }
            Self::Mail => {
                "insert into jobs (id, kind, payload)
                 select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
                         || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
                     'mail.send', jsonb_build_object('mail', 'sample', 'template', 'welcome', 'locale', 'en',
                         'to', 'person-' || n || '@example.com')
                 from generate_series(1, $1) n"
            }
        }
    }
}

/// The jobs of a store.
pub(super) struct Queue<'s> {
    store: &'s Store,
    connection: PgConnection,
}

impl<'s> Queue<'s> {
    /// Connects.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn of(store: &'s Store) -> anyhow::Result<Self> {
        Ok(Self { store, connection: PgConnection::connect(store.url()).await? })
    }

    /// Forgets all jobs, and how many mails were sent.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn clear(&mut self) -> anyhow::Result<()> {
        sqlx::query("truncate jobs, mail_budgets cascade").execute(&mut self.connection).await?;
        Ok(())
    }

    /// Inserts jobs in one statement, and returns when all are done: the seconds from the end of the statement to the end
    /// of the last job.
    ///
    /// # Errors
    /// One of them was not done at its first attempt, or they take too long.
    pub(super) async fn drain(&mut self, count: i32, payload: Payload) -> anyhow::Result<f64> {
        self.clear().await?;
        // A connection of its own, which ends: what the store needs for inserting does not count.
        let mut other = PgConnection::connect(self.store.url()).await?;
        sqlx::query(payload.insert()).bind(count).execute(&mut other).await?;
        let inserted: f64 = sqlx::query_scalar("select extract(epoch from clock_timestamp())::float8")
            .fetch_one(&mut other)
            .await?;
        other.close().await?;
        self.wait().await?;
        let (done, last): (i64, f64) = sqlx::query_as(
            "select count(*) filter (where state = 'done' and attempt = 1),
                 extract(epoch from max(finished_at))::float8
             from jobs where kind = 'mail.send'",
        )
        .fetch_one(&mut self.connection)
        .await?;
        anyhow::ensure!(done == i64::from(count), "{done} of {count} jobs were done at once");
        Ok(last - inserted)
    }

    /// Inserts jobs one by one, about forty a second, and returns how long each waited for its start: in seconds,
    /// shortest first.
    ///
    /// # Errors
    /// They take too long.
    pub(super) async fn waits(&mut self, count: i32) -> anyhow::Result<Vec<f64>> {
        self.clear().await?;
        for number in 0..count {
            sqlx::query(Payload::Gone.insert()).bind(1).execute(&mut self.connection).await?;
            // Uneven, so that it does not go in step with anybody who looks at regular times.
            let pause = 10 + (number.unsigned_abs() * 7919) % 31;
            tokio::time::sleep(Duration::from_millis(pause.into())).await;
        }
        self.wait().await?;
        let waits = sqlx::query_scalar(
            "select extract(epoch from started_at - created_at)::float8 as wait from jobs
             where kind = 'mail.send' order by wait",
        );
        let waits: Vec<f64> = waits.fetch_all(&mut self.connection).await?;
        anyhow::ensure!(waits.len() == count.unsigned_abs() as usize, "{} jobs of {count}", waits.len());
        Ok(waits)
    }

    /// Until nothing waits and nothing runs.
    async fn wait(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        loop {
            let left: bool = sqlx::query_scalar(
                "select exists (select from jobs where kind = 'mail.send' and state = 'pending')
                     or exists (select from jobs where kind = 'mail.send' and state = 'running')",
            )
            .fetch_one(&mut self.connection)
            .await?;
            if !left {
                return Ok(());
            }
            anyhow::ensure!(begin.elapsed() < PATIENCE, "the queue does not become empty");
            tokio::time::sleep(PROBE).await;
        }
    }
}
