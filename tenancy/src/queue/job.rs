use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{JobId, OrgId, UserId, WorkspaceId};
use crate::words::words;

words! {
    /// Where a job is on its way.
    JobState {
        /// It waits: for its time, for a free place, or for its next attempt.
        Pending = "pending",
        /// A worker does it.
        Running = "running",
        /// It succeeded.
        Done = "done",
        /// It was given up after its last attempt or at its deadline.
        Dead = "dead",
        /// It was called off, or an equal one does its work.
        Cancelled = "cancelled",
    }
}

/// A job as those see it whose it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobInfo {
    /// The id.
    pub id: JobId,
    /// What kind of work.
    #[schema(example = "mail.send")]
    pub kind: String,
    /// Where it is on its way.
    pub state: JobState,
    /// Attempts so far, the running one included.
    pub attempt: i32,
    /// How often it is tried; null for a kind that no worker has told of.
    pub max_attempts: Option<i32>,
    /// Higher ones run first.
    pub priority: i16,
    /// When it may begin, or its next attempt may.
    pub run_at: DateTime<Utc>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done, given up or cancelled.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it is given up; null for a kind that no worker has told of.
    pub deadline: Option<DateTime<Utc>>,
    /// Why it did not succeed so far.
    pub last_error: Option<String>,
}

/// A job with all that went wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobDetails {
    /// The job.
    #[serde(flatten)]
    pub job: JobInfo,
    /// Every attempt that failed, oldest first.
    pub failures: Vec<Failure>,
}

/// An attempt that failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = JobFailure)]
pub struct Failure {
    /// Which, from 1; a retried job counts anew.
    pub attempt: i32,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Why.
    pub error: String,
}

/// A job as those see it who look after all of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdminJob {
    /// What everybody sees whose job it is.
    #[serde(flatten)]
    pub job: JobInfo,
    /// The person that it is done for.
    pub user_id: Option<UserId>,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// The workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// No other job of the kind with this key waits at the same time.
    pub unique_key: Option<String>,
    /// What it is about: ids and choices.
    pub payload: Value,
    /// Since when it could have run; the deadline counts from here.
    pub due_since: DateTime<Utc>,
    /// When it was last handed to workers.
    pub relayed_at: Option<DateTime<Utc>>,
    /// How often it was handed to workers.
    pub epoch: i32,
    /// Until when its worker is believed to live.
    pub lease_until: Option<DateTime<Utc>>,
    /// The worker that runs it, or ran it last.
    pub worker: Option<String>,
    /// W3C traceparent of the request that asked for it.
    pub traceparent: Option<String>,
}

/// A job with all that went wrong, and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdminJobDetails {
    /// The job.
    #[serde(flatten)]
    pub job: AdminJob,
    /// Every attempt that failed, oldest first.
    pub failures: Vec<AdminFailure>,
}

/// An attempt that failed, and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdminFailure {
    /// What happened.
    #[serde(flatten)]
    pub failure: Failure,
    /// The worker.
    pub worker: Option<String>,
}

/// A job with what its kind says of it.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) attempt: i32,
    pub(super) max_attempts: Option<i32>,
    pub(super) priority: i16,
    pub(super) run_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) deadline: Option<DateTime<Utc>>,
    pub(super) last_error: Option<String>,
    pub(super) user_id: Option<Uuid>,
    pub(super) org_id: Option<Uuid>,
    pub(super) workspace_id: Option<Uuid>,
    pub(super) unique_key: Option<String>,
    pub(super) payload: Value,
    pub(super) due_since: DateTime<Utc>,
    pub(super) relayed_at: Option<DateTime<Utc>>,
    pub(super) epoch: i32,
    pub(super) lease_until: Option<DateTime<Utc>>,
    pub(super) worker: Option<String>,
    pub(super) traceparent: Option<String>,
}

impl TryFrom<Row> for AdminJob {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let state = JobState::parse(&row.state)
            .ok_or_else(|| sqlx::Error::Decode(format!("no state {:?}", row.state).into()))?;
        Ok(Self {
            job: JobInfo {
                id: JobId(row.id),
                kind: row.kind,
                state,
                attempt: row.attempt,
                max_attempts: row.max_attempts,
                priority: row.priority,
                run_at: row.run_at,
                created_at: row.created_at,
                started_at: row.started_at,
                finished_at: row.finished_at,
                deadline: row.deadline,
                last_error: row.last_error,
            },
            user_id: row.user_id.map(UserId),
            org_id: row.org_id.map(OrgId),
            workspace_id: row.workspace_id.map(WorkspaceId),
            unique_key: row.unique_key,
            payload: row.payload,
            due_since: row.due_since,
            relayed_at: row.relayed_at,
            epoch: row.epoch,
            lease_until: row.lease_until,
            worker: row.worker,
            traceparent: row.traceparent,
        })
    }
}
