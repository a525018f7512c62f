//! Connections with Redis.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::TransportError;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer may take. The client's own 500 ms would end a queue's worker whenever Redis stalls a little.
const ANSWER: Duration = Duration::from_secs(10);

/// Knows where Redis is, and is a connection with it for short questions: connects when it is asked first, and again
/// after every failure.
///
/// Not the client's own `ConnectionManager`: that keeps a failed attempt for ever if Redis refused it, for a password
/// for instance, and stays with a connection on which nobody answers any more.
#[derive(Clone, Debug)]
pub(super) struct Link {
    client: Client,
    kept: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(url: &SecretString) -> Result<Self, TransportError> {
        let client = Client::open(url.expose_secret()).map_err(TransportError::Url)?;
        Ok(Self { client, kept: Arc::default() })
    }

    /// A new connection, for somebody who keeps it until it fails.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        self.client.get_multiplexed_async_connection_with_config(&settings).await
    }

    async fn kept(&self) -> RedisResult<MultiplexedConnection> {
        // The lock is held while connecting: all who wait share the one attempt.
        let mut kept = self.kept.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let connection = self.connect().await?;
        *kept = Some(connection.clone());
        Ok(connection)
    }

    /// Whether to ask once more. The connection goes after every error; if it had been lost, as it is after every restart
    /// of Redis, another one will do better.
    async fn try_again<T>(&self, answer: &RedisResult<T>) -> bool {
        let Err(error) = answer else { return false };
        *self.kept.lock().await = None;
        error.is_connection_dropped()
    }
}

/// For what may be done twice.
impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let answer = self.kept().await?.req_packed_command(command).await;
            if !self.try_again(&answer).await {
                return answer;
            }
            let answer = self.kept().await?.req_packed_command(command).await;
            self.try_again(&answer).await;
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let answer = self.kept().await?.req_packed_commands(commands, offset, count).await;
            if !self.try_again(&answer).await {
                return answer;
            }
            let answer = self.kept().await?.req_packed_commands(commands, offset, count).await;
            self.try_again(&answer).await;
            answer
        })
    }

    fn get_db(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }
}
