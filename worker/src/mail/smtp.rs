//! Sending by SMTP: within a bound, over connections that are kept for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::error::{SendError, Stage};
use super::message::Composed;
use super::server::Server;
use super::session::Session;

/// How many idle connections are kept.
const KEPT: usize = 8;

/// How long an idle connection is kept. Servers close them after some minutes.
const IDLE: Duration = Duration::from_secs(30);

/// How long a kept connection may take to show that it lives; a new one is opened then.
const PROBE: Duration = Duration::from_secs(2);

/// A mail server with connections to it.
#[derive(Debug)]
pub(super) struct Smtp {
    server: Server,
    bound: Duration,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    session: Session,
    since: Instant,
}

impl Smtp {
    /// Everything about one mail takes `bound` at most.
    pub(super) fn new(server: Server, bound: Duration) -> Self {
        Self { server, bound, idle: Mutex::default() }
    }

    pub(super) async fn send(&self, mail: &Composed) -> Result<(), SendError> {
        let sending = async {
            let mut session = self.session().await?;
            session.deliver(&mail.envelope, &mail.bytes).await?;
            self.keep(session);
            Ok(())
        };
        // What is cancelled half-way is dropped here, and its connection with it.
        timeout(self.bound, sending).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Whether the server answers and lets us in.
    pub(super) async fn check(&self, bound: Duration) -> Result<(), SendError> {
        let checking = async {
            let session = self.session().await?;
            self.keep(session);
            Ok(())
        };
        timeout(bound.min(self.bound), checking).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// A connection that has just answered.
    async fn session(&self) -> Result<Session, SendError> {
        while let Some(mut kept) = self.kept() {
            if timeout(PROBE, kept.session.is_alive()).await == Ok(true) {
                return Ok(kept.session);
            }
        }
        Session::open(&self.server).await
    }

    fn kept(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| kept.since.elapsed() < IDLE);
        idle.pop()
    }

    fn keep(&self, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| kept.since.elapsed() < IDLE);
        if idle.len() < KEPT {
            idle.push(Idle { session, since: Instant::now() });
        }
    }

    fn too_slow(&self) -> SendError {
        SendError::unavailable(Stage::Connection, "the server did not answer in time")
    }
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idle").field("since", &self.since).finish_non_exhaustive()
    }
}
