//! The end of a purge: what it has done, for good.

use serde_json::{Value, json};

use super::{Counts, PurgeReceipt, PurgeRun, PurgeStep, exception, step, verify};
use crate::action::{Target as _, purge};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::jobs::SendMail;
use crate::mail::Mail;
use crate::purge::PurgeSubject;
use crate::tx::{Authorized, Tx};

/// Writes the receipt, records that everything is gone, and sends the receipt to whoever is to have it. There is one: a purge
/// that has its receipt is left alone.
///
/// # Errors
/// If the store does not answer.
pub async fn write(tx: &mut Tx, allowed: &Authorized<purge::Run>, run: &PurgeRun) -> Result<()> {
    let now = tx.now();
    let Some(row) = sqlx::query!(
        "select subject, subject_id, org_id, requested_at, started_at from purges
         where id = $1 and state = 'running' and step = 'receipt' for update",
        run.id.0,
    )
    .fetch_optional(tx.connection())
    .await?
    else {
        return Ok(());
    };
    let receipt = PurgeReceipt {
        requested_at: row.requested_at,
        started_at: row.started_at.unwrap_or(row.requested_at),
        finished_at: now,
        counts: counts(tx, run).await?,
        exceptions: exception::all(tx, run.id).await?,
        verification: verify::found(tx, run).await?,
    };
    let stored = serde_json::to_value(&receipt).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "update purges set state = 'done', finished_at = $2, receipt = $3 where id = $1",
        run.id.0,
        now,
        stored,
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "update purge_steps set finished_at = $3 where purge_id = $1 and step = $2",
        run.id.0,
        PurgeStep::Receipt.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!("delete from purge_intents where purge_id = $1", run.id.0).execute(tx.connection()).await?;
    let readers = sqlx::query_scalar!(
        "select number from purge_recipients where purge_id = $1 order by number",
        run.id.0
    )
    .fetch_all(tx.connection())
    .await?;
    for recipient in readers {
        tx.enqueue(&SendMail(Mail::DeletionReceipt { purge_id: run.id, recipient })).await?;
    }
    // The chain of an organization that is gone has no readers.
    let (target, org) = match PurgeSubject::parse(&row.subject) {
        Some(PurgeSubject::User) => (UserId(row.subject_id).uid(), None),
        Some(PurgeSubject::Organization) => (OrgId(row.subject_id).uid(), None),
        Some(PurgeSubject::Workspace) => (WorkspaceId(row.subject_id).uid(), row.org_id.map(OrgId)),
        None => {
            let unknown = format!("no subject {:?}", row.subject);
            return Err(Error::Store(sqlx::Error::Decode(unknown.into())));
        }
    };
    let after = json!({
        "purge_id": run.id, "counts": receipt.counts, "exceptions": receipt.exceptions.len(),
        "verification": receipt.verification,
    });
    tx.record(allowed, org, &target, Change { before: Value::Null, after }).await
}

/// What was erased, over all steps.
async fn counts(tx: &mut Tx, run: &PurgeRun) -> Result<Counts> {
    let stored = sqlx::query_scalar!(
        r#"select coalesce(jsonb_object_agg(class, total), '{}') as "counts!" from (
               select class, sum(number::bigint) as total
               from purge_steps s, jsonb_each_text(s.counts) as c (class, number)
               where s.purge_id = $1 group by class) as sums"#,
        run.id.0,
    )
    .fetch_one(tx.connection())
    .await?;
    step::counts_of(stored)
}
