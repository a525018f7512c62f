//! How often something may be tried: limits that wait out those who guess, and keep nobody out for good.
//!
//! Every try spends before it is known how it ends, so that those that run in parallel cannot pass a limit together;
//! what should not have counted is given back. With a Redis all processes count together, without one, or while it does
//! not answer, each counts by itself. Never does a limit stop to count, and never is it the cause of an error.

mod allowance;
mod budget;
mod cell;
mod process;
mod redis;
mod sign_in;

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ::redis::RedisError;
use axum::http::StatusCode;
use runtime::config::Rate;
use runtime::{Clock, Config};

pub(crate) use self::allowance::request;
use self::budget::Budget;
use self::cell::Cell;
use self::process::Process;
use self::redis::Redis;
pub(crate) use self::sign_in::{registration, sign_in};
use crate::problem::Problem;

/// How long a request waits for Redis before the process decides by itself.
const PATIENCE: Duration = Duration::from_millis(100);

/// Plans count requests in this time.
const MINUTE: Duration = Duration::from_secs(60);

/// While an account is under attack, one address has this part of its tries there.
const UNDER_ATTACK: u64 = 3;

/// An account is under attack when so many times as many tries have failed as one address has there.
const ATTACK: NonZeroU32 = match NonZeroU32::new(5) {
    Some(times) => times,
    None => NonZeroU32::MIN,
};

/// Something that is counted, each by keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Failed sign-ins of one address.
    SignInPerIp,
    /// Failed sign-ins of one address at one account.
    SignInPerAccount,
    /// The same count, of which each try takes three times as much.
    SignInPerAccountUnderAttack,
    /// Failed sign-ins at one account, wherever they come from. Who reaches it is refused nothing: it tells that the
    /// account is under attack.
    AccountUnderAttack,
    /// Accounts that are opened, and links that are asked for, from one address.
    RegisterPerIp,
    /// Requests with the keys of one organization: so many in a minute.
    RequestsPerOrg(NonZeroU32),
}

impl Limit {
    /// In metrics and logs.
    fn name(self) -> &'static str {
        match self {
            Self::SignInPerIp => "sign_in_per_ip",
            Self::SignInPerAccount => "sign_in_per_account",
            Self::SignInPerAccountUnderAttack => "sign_in_per_account_under_attack",
            Self::AccountUnderAttack => "account_under_attack",
            Self::RegisterPerIp => "register_per_ip",
            Self::RequestsPerOrg(_) => "requests_per_org",
        }
    }

    /// Tells operators that somebody has to wait.
    fn reached(self, after: Duration) -> Retry {
        metrics::counter!("doorward_throttled_total", "limit" => self.name()).increment(1);
        tracing::info!(limit = self.name(), "a limit is reached");
        Retry(after)
    }

    /// What it counts in.
    fn cell(self, key: &str) -> Cell {
        let counted = if self == Self::SignInPerAccountUnderAttack { Self::SignInPerAccount } else { self };
        Cell::of(counted.name(), key)
    }
}

/// All limits. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Throttle(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    sign_in_per_ip: Rate,
    sign_in_per_account: Rate,
    register_per_ip: Rate,
    process: Process,
    redis: Option<Redis>,
}

/// `REDIS_URL` is none that Redis clients understand.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL is not the URL of a Redis server: {}", .0.category())]
pub struct BadRedisUrl(#[source] RedisError);

/// The limit is reached: there is enough for a try after so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry(pub(crate) Duration);

impl From<Retry> for Problem {
    fn from(Retry(after): Retry) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many tries; wait before the next one",
        )
        .with_retry_after(after)
    }
}

/// A try that was counted.
#[derive(Debug)]
#[must_use = "what should not have counted is given back"]
pub(crate) struct Spent {
    throttle: Throttle,
    cell: Cell,
    budget: Budget,
    place: Place,
}

/// Where a try was counted.
#[derive(Debug, Clone, Copy)]
enum Place {
    Process,
    Redis,
}

impl Throttle {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// The URL of Redis is none.
    pub(crate) fn new(config: &Config, clock: Clock) -> Result<Self, BadRedisUrl> {
        Self::with_patience(config, clock, PATIENCE)
    }

    fn with_patience(config: &Config, clock: Clock, patience: Duration) -> Result<Self, BadRedisUrl> {
        let redis = config.redis_url.as_ref().map(|url| Redis::new(url, patience));
        let redis = redis.transpose().map_err(BadRedisUrl)?;
        Ok(Self(Arc::new(Parts {
            sign_in_per_ip: config.sign_in_per_ip,
            sign_in_per_account: config.sign_in_per_account,
            register_per_ip: config.register_per_ip,
            process: Process::new(Process::CELLS, clock),
            redis,
        })))
    }

    /// Counts a try.
    ///
    /// # Errors
    /// The limit is reached; nothing was counted.
    pub(crate) async fn spend(&self, limit: Limit, key: &str) -> Result<Spent, Retry> {
        let (cell, budget) = (limit.cell(key), self.budget(limit));
        let shared = match &self.0.redis {
            Some(redis) => redis.take(cell, budget).await.ok().map(|answer| (Place::Redis, answer)),
            None => None,
        };
        let (place, answer) = shared.unwrap_or_else(|| (Place::Process, self.0.process.take(cell, budget)));
        match answer {
            Ok(()) => Ok(Spent { throttle: self.clone(), cell, budget, place }),
            Err(after) => Err(limit.reached(after)),
        }
    }

    fn budget(&self, limit: Limit) -> Budget {
        let per_account = self.0.sign_in_per_account;
        match limit {
            Limit::SignInPerIp => Budget::of(self.0.sign_in_per_ip),
            Limit::SignInPerAccount => Budget::of(per_account),
            Limit::SignInPerAccountUnderAttack => Budget::of(per_account).dearer(UNDER_ATTACK),
            Limit::AccountUnderAttack => {
                Budget::of(Rate { count: per_account.count.saturating_mul(ATTACK), ..per_account })
            }
            Limit::RegisterPerIp => Budget::of(self.0.register_per_ip),
            Limit::RequestsPerOrg(count) => Budget::of(Rate { count, per: MINUTE }),
        }
    }
}

impl Spent {
    /// The try does not count after all. If Redis fails meanwhile, it does.
    pub(crate) async fn give_back(self) {
        let parts = &*self.throttle.0;
        match (self.place, &parts.redis) {
            (Place::Redis, Some(redis)) => drop(redis.put_back(self.cell, self.budget).await),
            _ => parts.process.put_back(self.cell, self.budget),
        }
    }
}
