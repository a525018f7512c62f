use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::Db;
use crate::error::Result;
use crate::id::{JobId, OrgId, UserId, WorkspaceId};
use crate::jobs::Tenant;
use crate::queue::Wake;
use crate::tx::Tx;

/// A job that this process runs. The token inside is the fence: after the lease has run out and somebody else has
/// claimed the job, nothing that carries the old token counts.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub payload: Value,
    /// Whose it is.
    pub tenant: Tenant,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The trace of the request that asked for it.
    pub traceparent: Option<String>,
    /// How long it was due before this attempt began.
    pub waited: Duration,
    pub(super) token: Uuid,
}

/// Whether a claim still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Fence {
    /// It does.
    Held,
    /// The lease ran out or somebody cancelled the job: whatever is in hand must not be committed.
    Lost,
}

impl Fence {
    pub(super) fn of(rows: u64) -> Self {
        if rows == 1 { Self::Held } else { Self::Lost }
    }
}

/// Begins an attempt for `worker`, if the job is still due, of one of the `kinds` and not paused. None is the usual
/// end of a doubled or outdated hint.
///
/// # Errors
/// If the store does not answer.
pub async fn claim(
    db: &Db,
    wake: Wake,
    kinds: &[&str],
    worker: &str,
    lease: Duration,
) -> Result<Option<Claim>> {
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let token = Uuid::from_bytes(db.random().bytes());
    let row = sqlx::query!(
        r#"update jobs set state = 'running', attempt = attempt + 1, lease_token = $2,
               lease_until = now() + make_interval(secs => $3), worker = $4, started_at = clock_timestamp()
           where id = $1 and state = 'pending' and run_at <= now() and kind = any($5)
             and not exists (select from job_kinds k where k.kind = jobs.kind and k.paused_at is not null)
           returning kind, payload, user_id, org_id, workspace_id, attempt, traceparent,
               extract(epoch from started_at - run_at)::float8 as "waited!""#,
        wake.job.0,
        token,
        lease.as_secs_f64(),
        worker,
        &kinds,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| Claim {
        id: wake.job,
        kind: row.kind,
        payload: row.payload,
        tenant: Tenant {
            user: row.user_id.map(UserId),
            org: row.org_id.map(OrgId),
            workspace: row.workspace_id.map(WorkspaceId),
        },
        attempt: row.attempt,
        traceparent: row.traceparent,
        waited: Duration::try_from_secs_f64(row.waited).unwrap_or_default(),
        token,
    }))
}

/// Prolongs the lease.
///
/// # Errors
/// If the store does not answer; then nothing is known of the claim.
pub async fn extend(db: &Db, claim: &Claim, lease: Duration) -> Result<Fence> {
    let mut connection = db.pool().acquire().await?;
    prolong(&mut connection, claim, lease).await
}

async fn prolong(connection: &mut PgConnection, claim: &Claim, lease: Duration) -> Result<Fence> {
    let done = sqlx::query!(
        "update jobs set lease_until = now() + make_interval(secs => $3)
         where id = $1 and lease_token = $2 and state = 'running'",
        claim.id.0,
        claim.token,
        lease.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(Fence::of(done.rows_affected()))
}

impl Tx {
    /// Whether a claim holds, and goes on to hold until this transaction ends: what a job writes on its way, before its
    /// end, counts only then.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn hold(&mut self, claim: &Claim) -> Result<Fence> {
        let held = sqlx::query!(
            "select from jobs where id = $1 and lease_token = $2 and state = 'running' for share",
            claim.id.0,
            claim.token,
        )
        .fetch_all(self.connection())
        .await?;
        Ok(Fence::of(held.len() as u64))
    }

    /// Marks a job as done, together with what else this transaction does. When the fence is lost, the transaction must
    /// be dropped: somebody else does the job, or it is not wanted any more.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn finish(&mut self, claim: &Claim) -> Result<Fence> {
        let done = sqlx::query!(
            "update jobs set state = 'done', finished_at = clock_timestamp(), lease_token = null, lease_until = null,
                 last_error = null
             where id = $1 and lease_token = $2 and state = 'running'",
            claim.id.0,
            claim.token,
        )
        .execute(self.connection())
        .await?;
        Ok(Fence::of(done.rows_affected()))
    }
}
