//! The way by which the feed looks at the store.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions as _, PgConnection};

use crate::error::Result;
use crate::lookup::{self, Read, Wanted};
use crate::revision::Position;

/// The connection for looks.
pub(crate) enum Line {
    /// Its own, so that nobody else stands before it. Who connects anew may have come to another server, whose
    /// transactions have the same numbers: `count` tells one connection from the next.
    Own { options: Box<PgConnectOptions>, connection: Option<PgConnection>, count: u64 },
    /// One of few, with all others.
    Shared(PgPool),
}

impl Line {
    /// One look. Given up in the middle, it closes the connection: what comes back on it later is not for the next look.
    pub(crate) async fn read(
        &mut self,
        wanted: &Wanted,
        since: Option<&Position>,
        now: DateTime<Utc>,
    ) -> Result<Read> {
        match self {
            Self::Shared(pool) => lookup::statement(&mut *pool.acquire().await?, wanted, since, now).await,
            Self::Own { options, connection, count } => {
                let mut own = match connection.take() {
                    Some(own) => own,
                    None => {
                        *count += 1;
                        options.connect().await?
                    }
                };
                let mut read = lookup::statement(&mut own, wanted, since, now).await?;
                read.server = format!("{} {count}", read.server);
                *connection = Some(own);
                Ok(read)
            }
        }
    }
}
