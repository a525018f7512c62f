use authz::core_uid;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::control::wake;
use crate::action::platform;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::tx::{Authorized, Tx};

pub(super) const NOUN: &str = "kind of job";

/// Whether jobs of a kind are begun.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pause {
    /// The kind.
    pub kind: String,
    /// Since when they are not; null if they are.
    pub paused_at: Option<DateTime<Utc>>,
}

/// No job of this kind begins from now on. Those that run are finished. Pausing twice is no error.
///
/// # Errors
/// [`Error::NotFound`] if no worker has told of such a kind; [`Error::Store`].
pub async fn pause(tx: &mut Tx, allowed: &Authorized<platform::ManageQueue>, kind: &str) -> Result<Pause> {
    let before = lock(tx, kind).await?;
    let paused = sqlx::query_scalar!(
        "update job_kinds set paused_at = coalesce(paused_at, clock_timestamp()) where kind = $1 returning paused_at",
        kind
    )
    .fetch_one(tx.connection())
    .await?;
    changed(tx, allowed, before, Pause { kind: kind.to_owned(), paused_at: paused }).await
}

/// Jobs of this kind begin again, with as much of their lifetime as they had left. Resuming what is not paused is no error.
///
/// # Errors
/// As [`pause`].
pub async fn resume(tx: &mut Tx, allowed: &Authorized<platform::ManageQueue>, kind: &str) -> Result<Pause> {
    let before = lock(tx, kind).await?;
    if let Some(paused_at) = before {
        sqlx::query!("update job_kinds set paused_at = null where kind = $1", kind)
            .execute(tx.connection())
            .await?;
        // The pause does not count towards the lifetime: nobody could have done them. And hints that were given before
        // it have found nothing to do, and would be given again only much later.
        sqlx::query!(
            "update jobs set due_since = due_since + (now() - greatest(due_since, $2)), relayed_at = null
             where kind = $1 and state = 'pending' and due_since < now()",
            kind,
            paused_at,
        )
        .execute(tx.connection())
        .await?;
        wake(tx).await?;
    }
    changed(tx, allowed, before, Pause { kind: kind.to_owned(), paused_at: None }).await
}

/// Since when a kind is paused, which nobody else changes until this transaction ends.
async fn lock(tx: &mut Tx, kind: &str) -> Result<Option<DateTime<Utc>>> {
    if kind.contains('\0') {
        return Err(Error::NotFound(NOUN));
    }
    let found = sqlx::query_scalar!("select paused_at from job_kinds where kind = $1 for update", kind)
        .fetch_optional(tx.connection())
        .await?;
    found.ok_or(Error::NotFound(NOUN))
}

async fn changed(
    tx: &mut Tx,
    allowed: &Authorized<platform::ManageQueue>,
    before: Option<DateTime<Utc>>,
    pause: Pause,
) -> Result<Pause> {
    if before != pause.paused_at {
        let change =
            Change { before: json!({ "paused_at": before }), after: json!({ "paused_at": pause.paused_at }) };
        tx.record(allowed, None, &core_uid("JobKind", &pause.kind), change).await?;
    }
    Ok(pause)
}
