//! Where a purge stands, and how it moves on.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::Error::Decode;
use uuid::Uuid;

use super::{Counts, PurgeStep, PurgeSubject};
use crate::action::purge;
use crate::error::{Error, Result};
use crate::id::{JobId, OrgId, PurgeId, UserId, WorkspaceId};
use crate::jobs::{Job as _, RunPurge};
use crate::tx::{Authorized, Tx};

/// What a purge has to do now.
#[derive(Debug, Clone)]
pub enum Begun {
    /// Nothing: it is done, was called off, or never was.
    Nothing,
    /// Nothing before this time: until then it can be called off.
    Waits(DateTime<Utc>),
    /// Nothing yet: an older one erases some of the same and counts it, or another job carries this one on.
    Behind,
    /// To go on.
    Runs(PurgeRun),
}

/// A purge that runs.
#[derive(Debug, Clone)]
pub struct PurgeRun {
    /// Which.
    pub id: PurgeId,
    /// The step that it is at.
    pub step: PurgeStep,
    /// From when on it goes on without what cannot be reached.
    pub deadline_at: DateTime<Utc>,
    /// Until when an upload can still begin by an address that was signed before.
    pub uploads_until: DateTime<Utc>,
    /// All that goes, in the order in which it goes: workspaces, then organizations, then people.
    pub targets: Vec<PurgeTarget>,
}

/// One of the things that go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeTarget {
    /// A workspace.
    Workspace(WorkspaceId),
    /// An organization, once its workspaces are gone.
    Organization(OrgId),
    /// An account, once their workspace and their organizations are gone.
    User(UserId),
}

impl PurgeTarget {
    fn parse(kind: &str, id: Uuid) -> Result<Self> {
        match PurgeSubject::parse(kind) {
            Some(PurgeSubject::Workspace) => Ok(Self::Workspace(WorkspaceId(id))),
            Some(PurgeSubject::Organization) => Ok(Self::Organization(OrgId(id))),
            Some(PurgeSubject::User) => Ok(Self::User(UserId(id))),
            None => Err(Error::Store(Decode(format!("no kind {kind:?} of targets").into()))),
        }
    }
}

/// Finds out what a purge has to do now. One that is due begins to run, and cannot be called off any more. Only [`Begun::Runs`]
/// is to be committed. `job` is the one that asks: of two, the older one carries a purge on, so that nothing is counted by both.
///
/// # Errors
/// If the store does not answer.
pub async fn begin(tx: &mut Tx, _: &Authorized<purge::Run>, id: PurgeId, job: JobId) -> Result<Begun> {
    let now = tx.now();
    let Some(row) = sqlx::query!(
        r#"update purges set started_at = case when due_at <= $2 then coalesce(started_at, $2) end,
             state = case when due_at <= $2 then 'running' else state end
         where id = $1 and state in ('waiting', 'running')
         returning state, step, due_at, deadline_at,
             -- The provider has a clock of its own.
             case when uploads_until > requested_at then uploads_until + interval '1 minute' else uploads_until end
                 as "uploads_until!""#,
        id.0,
        now,
    )
    .fetch_optional(tx.connection())
    .await?
    else {
        return Ok(Begun::Nothing);
    };
    if row.state == "waiting" {
        return Ok(Begun::Waits(row.due_at));
    }
    let targets = targets(tx, id).await?;
    if is_behind(tx, id).await? || has_older_job(tx, id, job).await? {
        return Ok(Begun::Behind);
    }
    let step = PurgeStep::parse(&row.step)
        .ok_or_else(|| Error::Store(Decode(format!("no step {:?}", row.step).into())))?;
    enter(tx, id, step).await?;
    Ok(Begun::Runs(PurgeRun {
        id,
        step,
        deadline_at: row.deadline_at,
        uploads_until: row.uploads_until,
        targets,
    }))
}

/// Whether an older purge runs that something goes with as well: a workspace that was deleted before its organization. Of two,
/// one is always the older one, and never waits for the other.
async fn is_behind(tx: &mut Tx, id: PurgeId) -> Result<bool> {
    let is = sqlx::query_scalar!(
        r#"select exists (
               select from purges younger join purge_targets mine on mine.purge_id = younger.id
               join purge_targets same on same.kind = mine.kind and same.id = mine.id
               join purges older on older.id = same.purge_id and older.state = 'running'
               where younger.id = $1
                 and (older.requested_at, older.id) < (younger.requested_at, younger.id)) as "is!""#,
        id.0,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(is)
}

async fn has_older_job(tx: &mut Tx, id: PurgeId, job: JobId) -> Result<bool> {
    let has = sqlx::query_scalar!(
        r#"select exists (
               select from jobs other left join jobs this on this.id = $3
               where other.kind = $1 and other.unique_key = $2 and other.id <> $3
                 and other.state = 'running' and other.lease_until > now()
                 and (other.started_at, other.id) < (this.started_at, this.id)) as "has!""#,
        RunPurge::KIND,
        id.to_string(),
        job.0,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(has)
}

/// Ends a step and begins the next one. Does nothing if somebody else has.
///
/// # Errors
/// If the store does not answer.
pub async fn advance(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    id: PurgeId,
    from: PurgeStep,
    to: PurgeStep,
) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query!(
        "update purges set step = $3 where id = $1 and step = $2 and state = 'running'",
        id.0,
        from.as_str(),
        to.as_str(),
    )
    .execute(tx.connection())
    .await?;
    if done.rows_affected() == 1 {
        sqlx::query!(
            "update purge_steps set finished_at = $3 where purge_id = $1 and step = $2",
            id.0,
            from.as_str(),
            now,
        )
        .execute(tx.connection())
        .await?;
        enter(tx, id, to).await?;
    }
    Ok(())
}

/// Adds to what a step has erased.
pub(super) async fn count(tx: &mut Tx, id: PurgeId, step: PurgeStep, counts: &Counts) -> Result<()> {
    if counts.values().all(|count| *count == 0) {
        return Ok(());
    }
    let counts = serde_json::to_value(counts).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "update purge_steps set counts = (
             select jsonb_object_agg(class, total) from (
                 select class, sum(number::bigint) as total
                 from (select * from jsonb_each_text(purge_steps.counts) union all select * from jsonb_each_text($3))
                     as both_counts (class, number)
                 group by class) as sums)
         where purge_id = $1 and step = $2",
        id.0,
        step.as_str(),
        counts,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Reads counts as they are stored.
pub(super) fn counts_of(stored: Value) -> Result<Counts> {
    serde_json::from_value(stored).map_err(|error| Error::Store(Decode(error.into())))
}

async fn enter(tx: &mut Tx, id: PurgeId, step: PurgeStep) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into purge_steps (purge_id, step, started_at) values ($1, $2, $3) on conflict do nothing",
        id.0,
        step.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// All that goes. The workspaces of what goes are kept among them as soon as they are seen: when their rows are gone, their
/// prefixes are still looked through.
async fn targets(tx: &mut Tx, id: PurgeId) -> Result<Vec<PurgeTarget>> {
    sqlx::query!(
        "insert into purge_targets (purge_id, kind, id)
         select $1, 'workspace', w.id from workspaces w
         join purge_targets t on t.purge_id = $1
             and (t.kind, t.id) in (('user', w.owner_id), ('organization', w.org_id))
         on conflict do nothing",
        id.0,
    )
    .execute(tx.connection())
    .await?;
    let rows = sqlx::query!(
        "select kind, id from purge_targets where purge_id = $1
         order by array_position(array['workspace', 'organization', 'user'], kind), id",
        id.0,
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(|row| PurgeTarget::parse(&row.kind, row.id)).collect()
}
