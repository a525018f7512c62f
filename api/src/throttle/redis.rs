//! Budgets in Redis, which all processes on it share.

mod link;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use ::redis::{RedisResult, Script};
use secrecy::SecretString;

use self::link::Link;
use super::budget::Budget;
use super::cell::Cell;

/// What was spent, in a Redis. The time is that of Redis, which all share.
#[derive(Debug)]
pub(super) struct Redis {
    link: Link,
    script: Script,
    patience: Duration,
    is_away: AtomicBool,
}

/// Redis has not answered.
#[derive(Debug)]
pub(super) struct Away;

impl Redis {
    /// Connects to nothing yet. `patience` is how long a request waits for an answer.
    ///
    /// # Errors
    /// The URL is none that Redis clients understand.
    pub(super) fn new(url: &SecretString, patience: Duration) -> RedisResult<Self> {
        let script = Script::new(include_str!("redis/spend.lua"));
        Ok(Self { link: Link::new(url)?, script, patience, is_away: AtomicBool::new(false) })
    }

    /// Takes one try out of a budget; else tells how long to wait until there is enough for one.
    ///
    /// # Errors
    /// Redis does not answer in time. It may have taken the try all the same.
    pub(super) async fn take(&self, cell: Cell, budget: Budget) -> Result<Result<(), Duration>, Away> {
        match self.ask("take", cell, budget).await? {
            0 => Ok(Ok(())),
            wait => Ok(Err(Duration::from_micros(wait))),
        }
    }

    /// Undoes one try.
    ///
    /// # Errors
    /// Redis does not answer in time.
    pub(super) async fn put_back(&self, cell: Cell, budget: Budget) -> Result<(), Away> {
        self.ask("put_back", cell, budget).await.map(drop)
    }

    async fn ask(&self, what: &str, cell: Cell, budget: Budget) -> Result<u64, Away> {
        let answer = async {
            let mut connection = self.link.connection().await?;
            let mut question = self.script.key(cell.redis_key());
            question.arg(what).arg(budget.cost).arg(budget.window);
            question.invoke_async(&mut connection).await
        };
        let answer: Result<RedisResult<u64>, _> = tokio::time::timeout(self.patience, answer).await;
        let trouble = match answer {
            Ok(Ok(answer)) => {
                if self.is_away.swap(false, Relaxed) {
                    tracing::info!("Redis answers again: limits count for all processes together");
                }
                return Ok(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.link.lost();
        metrics::counter!("doorward_throttle_alone_total").increment(1);
        if !self.is_away.swap(true, Relaxed) {
            tracing::warn!(trouble, "Redis fails: limits count for each process by itself");
        }
        Err(Away)
    }
}
