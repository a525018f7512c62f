//! One turn of one worker: a process that starts, gets jobs, and is killed.

use std::process::Command;

use harness::{Redis, Smtp};

use super::queue::{Payload, Queue};
use crate::connection::Place;
use crate::cpu::Used;
use crate::server::{self, Server};
use crate::store::{SECRET, Store};

/// Jobs that do not count, for connections and prepared statements to be there.
const WARM_UP: i32 = 500;
/// Jobs of which it is measured when they start.
pub(super) const SINGLE: i32 = 400;
/// Jobs that are due at once.
pub(super) const MANY: i32 = 10_000;

/// Who takes the jobs.
pub(super) enum Worker<'r> {
    /// The plain loop, to compare with.
    Loop,
    /// `doorward work` with hints in process.
    Process,
    /// `doorward work` with hints through Redis.
    Redis(&'r Redis),
}

/// What was measured in a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Seconds from the insertion of a row to the start of its job.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Seconds until [`MANY`] jobs were done.
    pub(super) drained: f64,
    /// CPU time for each of them in microseconds, of the worker and of Postgres.
    pub(super) cpu: f64,
    pub(super) store: f64,
    /// Seconds until [`MANY`] mails were sent; none for the loop, which sends none.
    pub(super) mailed: Option<f64>,
}

impl Worker<'_> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Loop => "plain loop",
            Self::Process => "Doorward, in process",
            Self::Redis(_) => "Doorward, through Redis",
        }
    }

    /// Starts it, gives it jobs, and ends it.
    ///
    /// # Errors
    /// It ended, or did not do what it was given.
    pub(super) async fn turn(&self, store: &Store) -> anyhow::Result<Turn> {
        let mut queue = Queue::of(store).await?;
        queue.clear().await?;
        let smtp = Smtp::start()?;
        let server = self.start(store, &smtp)?;
        queue.drain(WARM_UP, Payload::Gone).await?;
        let waits = queue.waits(SINGLE).await?;
        let at = |share: usize| waits[(waits.len() - 1) * share / 100];

        let (process, stored) = (Used::by(&[server.pid()])?, store.used()?);
        let drained = queue.drain(MANY, Payload::Gone).await?;
        let cpu = Used::by(&[server.pid()])?.since(&process).as_secs_f64();
        let store = store.used()?.since(&stored).as_secs_f64();

        let mailed = match self {
            Self::Loop => None,
            Self::Process | Self::Redis(_) => {
                let seconds = queue.drain(MANY, Payload::Mail).await?;
                let (sent, wanted) = (smtp.mails().len(), MANY.unsigned_abs() as usize);
                anyhow::ensure!(sent == wanted, "{sent} of {wanted} mails came");
                Some(seconds)
            }
        };
        let each = |seconds: f64| seconds * 1e6 / f64::from(MANY);
        Ok(Turn { p50: at(50), p99: at(99), drained, cpu: each(cpu), store: each(store), mailed })
    }

    fn start(&self, store: &Store, smtp: &Smtp) -> anyhow::Result<Server> {
        let place = server::free_port()?;
        let Place::Tcp(address) = &place else { unreachable!("free_port gives a port") };
        let (listen, folder) = (address.to_string(), tempfile::tempdir()?);
        let mut command = match self {
            Self::Loop => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["claims", &listen, store.url()]);
                command
            }
            Self::Process | Self::Redis(_) => {
                let mut command = Command::new(server::doorward()?);
                command
                    .arg("work")
                    .env("DATABASE_URL", store.url())
                    .env("DOORWARD_SECRET", SECRET)
                    .env("SMTP_URL", smtp.url())
                    .env("DOORWARD_WORKER_LISTEN", &listen)
                    .env("DOORWARD_DATA", folder.path().join("data"))
                    .env("DOORWARD_POLICIES", server::repository().join("policies"))
                    .env_remove("REDIS_URL");
                command
            }
        };
        if let Self::Redis(redis) = self {
            command.env("REDIS_URL", redis.url());
        }
        Server::start(&mut command, place, "/readyz", folder)
    }
}
