//! What the database holds of somebody or something that goes.

mod class;
mod leave;
mod organization;
mod user;
mod workspace;

use authz::EntityUid;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use self::class::{Class, Manner};
use super::{Counts, PurgeRun, PurgeStep, PurgeTarget, step};
use crate::action::{self, Action};
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::tx::{Authorized, Tx};
use crate::workspace as workspaces;

/// Erases at most `most` rows of one target, and counts them. Returns whether nothing of it is left.
///
/// What is somebody else's and named the target stays, without the name; so do entries of the audit log.
///
/// # Errors
/// If the store does not answer.
pub async fn erase(
    tx: &mut Tx,
    _: &Authorized<action::purge::Run>,
    run: &PurgeRun,
    target: PurgeTarget,
    most: i64,
) -> Result<bool> {
    let mut part = Part { counts: Counts::new(), left: most };
    let is_done = match target {
        PurgeTarget::Workspace(id) => match proof::<action::workspace::Purge>(tx, id).await? {
            Some(allowed) => {
                let org = workspaces::org_of(tx, id).await?;
                part.erase(tx, run, &allowed, org, workspace::CLASSES, id.0).await?
            }
            None => part.sweep(tx, workspace::CLASSES, id.0).await?,
        },
        PurgeTarget::Organization(id) => match proof::<action::org::Purge>(tx, id).await? {
            Some(allowed) => part.erase(tx, run, &allowed, Some(id), organization::CLASSES, id.0).await?,
            None => part.sweep(tx, organization::CLASSES, id.0).await?,
        },
        PurgeTarget::User(id) => match proof::<action::user::Purge>(tx, id).await? {
            Some(allowed) => {
                leave::others(tx, run, &allowed, &mut part).await?
                    && part.erase(tx, run, &allowed, None, user::CLASSES, id.0).await?
            }
            None => part.sweep(tx, user::CLASSES, id.0).await?,
        },
    };
    step::count(tx, run.id, run.step, &part.counts).await?;
    Ok(is_done)
}

/// How many rows still belong to the targets, or name them.
pub(super) async fn left(tx: &mut Tx, targets: &[PurgeTarget]) -> Result<i64> {
    let mut left = 0;
    for target in targets {
        let (classes, id) = match target {
            PurgeTarget::Workspace(id) => (workspace::CLASSES, id.0),
            PurgeTarget::Organization(id) => (organization::CLASSES, id.0),
            PurgeTarget::User(id) => (user::CLASSES, id.0),
        };
        for class in classes {
            left += class.count(tx, id).await?;
        }
    }
    Ok(left)
}

/// That the target may be erased; none if it is gone already.
async fn proof<A: Action>(tx: &mut Tx, target: A::Target) -> Result<Option<Authorized<A>>> {
    match tx.authorize::<A>(&Caller::Worker, target).await {
        Ok(allowed) => Ok(Some(allowed)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What one transaction erases.
struct Part {
    counts: Counts,
    left: i64,
}

impl Part {
    fn add(&mut self, table: &str, rows: i64) {
        if rows > 0 {
            *self.counts.entry(table.to_owned()).or_default() += rows;
        }
    }

    /// Erases rows class by class, the target itself last, and records in the chain of its organization that it is gone.
    async fn erase<A: Action>(
        &mut self,
        tx: &mut Tx,
        run: &PurgeRun,
        allowed: &Authorized<A>,
        org: Option<OrgId>,
        classes: &[Class],
        id: Uuid,
    ) -> Result<bool> {
        let is_done = self.sweep(tx, classes, id).await?;
        if is_done {
            record(tx, run, allowed, org, &allowed.uid()).await?;
        }
        Ok(is_done)
    }

    /// Erases rows class by class. Returns whether it has come to the end: the last class is the target itself, one row.
    async fn sweep(&mut self, tx: &mut Tx, classes: &[Class], id: Uuid) -> Result<bool> {
        for class in classes {
            if self.left <= 0 {
                return Ok(false);
            }
            let rows = class.apply(tx, id, self.left).await?;
            if class.manner != Manner::Cascade {
                self.left -= rows;
            }
            if !matches!(class.manner, Manner::Change(_) | Manner::Trace) {
                self.add(class.table, rows);
            }
        }
        Ok(true)
    }
}

/// Records that something is gone, without a word of what it was.
async fn record<A: Action>(
    tx: &mut Tx,
    run: &PurgeRun,
    allowed: &Authorized<A>,
    org: Option<OrgId>,
    target: &EntityUid,
) -> Result<()> {
    let change = Change { before: Value::Null, after: json!({ "purge_id": run.id }) };
    tx.record(allowed, org, target, change).await
}

/// Deletes the connections of what goes, with their credentials; documents that came by them lose the way to their object.
/// Returns whether all are gone.
///
/// # Errors
/// If the store does not answer.
pub async fn erase_connections(
    tx: &mut Tx,
    _: &Authorized<action::purge::Run>,
    run: &PurgeRun,
    most: i64,
) -> Result<bool> {
    let loosened = sqlx::query!(
        "update documents set connection_id = null where id in (
             select d.id from documents d join connections c on c.id = d.connection_id
             join purge_targets t on t.purge_id = $1
                 and (t.kind, t.id) in (('user', c.owner_id), ('organization', c.org_id))
             limit $2)",
        run.id.0,
        most,
    )
    .execute(tx.connection())
    .await?;
    if loosened.rows_affected() as i64 == most {
        return Ok(false);
    }
    let gone = sqlx::query!(
        "delete from connections c using purge_targets t
         where t.purge_id = $1 and (t.kind, t.id) in (('user', c.owner_id), ('organization', c.org_id))",
        run.id.0,
    )
    .execute(tx.connection())
    .await?;
    let counts = Counts::from([("connections".to_owned(), gone.rows_affected() as i64)]);
    step::count(tx, run.id, PurgeStep::Connections, &counts).await?;
    Ok(true)
}

impl Class {
    /// Does to at most `most` rows what is done to them; tells to how many.
    async fn apply(&self, tx: &mut Tx, id: Uuid, most: i64) -> Result<i64> {
        let (table, whose) = (self.table, self.whose);
        let some = format!("ctid = any(array(select ctid from {table} where {whose} limit $2))");
        let statement = match self.manner {
            Manner::Cascade => return self.count(tx, id).await,
            Manner::Delete | Manner::Trace => format!("delete from {table} where {some}"),
            Manner::Change(change) => format!("update {table} set {change} where {some}"),
            // A row is only known by its key where a table has parts.
            Manner::DeleteFromParts(key) => {
                format!(
                    "delete from {table} where ({key}) in (select {key} from {table} where {whose} limit $2)"
                )
            }
        };
        // Made of constants alone.
        let done = sqlx::query(AssertSqlSafe(statement)).bind(id).bind(most).execute(tx.connection()).await?;
        Ok(done.rows_affected() as i64)
    }

    async fn count(&self, tx: &mut Tx, id: Uuid) -> Result<i64> {
        let statement = format!("select count(*) from {} where {}", self.table, self.whose);
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).bind(id).fetch_one(tx.connection()).await?)
    }
}
