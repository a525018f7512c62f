//! The least that a queue in Postgres costs: a plain loop that claims the next row and marks it as done, woken by
//! LISTEN/NOTIFY. It does no work, asks no policies and logs nothing; retries, deadlines and pauses it does not know.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::types::Uuid;
use tokio::sync::Notify;

/// Jobs at a time, as many as Doorward does.
const CONCURRENCY: u32 = 8;
/// How often it looks when nothing is announced.
const IDLE: Duration = Duration::from_secs(1);

const CLAIM: &str = "update jobs set state = 'running', attempt = attempt + 1, lease_token = gen_random_uuid(), \
     lease_until = now() + interval '1 minute', started_at = clock_timestamp() \
     where id = (select id from jobs where kind = 'mail.send' and state = 'pending' and run_at <= now() \
         order by priority desc, run_at limit 1 for update skip locked) \
     returning id, lease_token";
const DONE: &str = "update jobs set state = 'done', finished_at = clock_timestamp(), lease_token = null, lease_until = null \
     where id = $1 and lease_token = $2";

/// Works until it is killed; the address only tells that it is ready.
///
/// # Errors
/// The address is taken, or the store does not answer.
pub(crate) async fn serve(address: SocketAddr, database: &str) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(CONCURRENCY).connect(database).await?;
    let mut listener = PgListener::connect(database).await?;
    listener.listen("doorward_jobs").await?;
    let bell = Arc::new(Notify::new());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONCURRENCY {
        tasks.spawn(work(pool.clone(), Arc::clone(&bell)));
    }
    tasks.spawn(async move {
        loop {
            listener.recv().await?;
            bell.notify_one();
        }
    });
    let app = Router::new().route("/readyz", get(async || "ready"));
    let server = axum::serve(tokio::net::TcpListener::bind(address).await?, app);
    tokio::select! {
        served = server => Ok(served?),
        Some(ended) = tasks.join_next() => Ok(ended??),
    }
}

async fn work(pool: PgPool, bell: Arc<Notify>) -> sqlx::Result<()> {
    let mut connection = pool.acquire().await?;
    loop {
        let claimed: Option<(Uuid, Uuid)> = sqlx::query_as(CLAIM).fetch_optional(&mut *connection).await?;
        let Some((job, token)) = claimed else {
            // Either is fine: whatever woke it, it looks again.
            let _ = tokio::time::timeout(IDLE, bell.notified()).await;
            continue;
        };
        // There may be more than one: many rows are announced once.
        bell.notify_one();
        sqlx::query(DONE).bind(job).bind(token).execute(&mut *connection).await?;
    }
}
