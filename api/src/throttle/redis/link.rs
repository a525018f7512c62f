use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long connecting may take. Longer than a request waits for it: over TLS to another place it takes its time.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a Redis that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection with Redis that is made beside the requests, so that none of them waits longer than it wants to.
/// Clones are the same.
#[derive(Clone)]
pub(super) struct Link(Arc<Parts>);

struct Parts {
    client: Client,
    line: watch::Sender<Line>,
}

#[derive(Clone)]
enum Line {
    /// Nobody has asked yet.
    Unused,
    /// It is being made for the first time.
    Connecting,
    Up(MultiplexedConnection),
    /// It failed; from then on it is worth another attempt.
    Down(Instant),
    /// It is being made after it failed.
    Reconnecting,
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(url: &SecretString) -> RedisResult<Self> {
        let client = Client::open(url.expose_secret())?;
        Ok(Self(Arc::new(Parts { client, line: watch::Sender::new(Line::Unused) })))
    }

    /// The connection. Only who comes before there ever was one waits for it.
    pub(super) async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        self.begin();
        let mut line = self.0.line.subscribe();
        let decided = line.wait_for(|line| !matches!(line, Line::Connecting)).await;
        match decided.as_deref() {
            Ok(Line::Up(connection)) => Ok(connection.clone()),
            _ => Err(RedisError::from((ErrorKind::Io, "there is no connection"))),
        }
    }

    /// The connection is of no use any more.
    pub(super) fn lost(&self) {
        self.0.line.send_if_modified(|line| {
            let was_up = matches!(line, Line::Up(_));
            if was_up {
                *line = Line::Down(Instant::now() + PAUSE);
            }
            was_up
        });
    }

    /// Begins to connect, if it is time to.
    fn begin(&self) {
        let begins = self.0.line.send_if_modified(|line| {
            *line = match line {
                Line::Unused => Line::Connecting,
                Line::Down(until) if *until <= Instant::now() => Line::Reconnecting,
                _ => return false,
            };
            true
        });
        if begins {
            // On its own: a request that gives up must not take the attempt along.
            tokio::spawn(self.clone().connect());
        }
    }

    async fn connect(self) {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CONNECT));
        let line = match self.0.client.get_multiplexed_async_connection_with_config(&settings).await {
            Ok(connection) => Line::Up(connection),
            Err(error) => {
                tracing::debug!(%error, "Redis cannot be connected");
                Line::Down(Instant::now() + PAUSE)
            }
        };
        self.0.line.send_replace(line);
    }
}

/// The URL has a password in it.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}
