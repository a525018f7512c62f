//! What can go wrong with Redis.

/// Why hints do not travel. No message holds the URL or a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The URL is none that Redis clients understand.
    #[error("not a URL of a Redis server: {}", .0.category())]
    Url(#[source] ::redis::RedisError),
    /// Redis does not answer, or refuses.
    #[error("Redis: {0}")]
    Redis(#[from] ::redis::RedisError),
    /// What apalis said.
    #[error("apalis on Redis: {0}")]
    Apalis(apalis_redis::Error),
    /// What ended a worker.
    #[error("{0}")]
    Worker(#[from] apalis_core::error::WorkerError),
    /// A hint cannot be written down.
    #[error("a hint is not JSON: {0}")]
    Hint(#[from] serde_json::Error),
    /// Redis took too long.
    #[error("Redis does not answer in time")]
    Silent,
}

impl From<apalis_redis::Error> for TransportError {
    fn from(error: apalis_redis::Error) -> Self {
        match error {
            apalis_redis::Error::Database(error) => Self::Redis(error),
            other => Self::Apalis(other),
        }
    }
}
