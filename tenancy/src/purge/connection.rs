//! The stores of others in which something of what goes may lie.

use super::PurgeRun;
use crate::action::purge;
use crate::connection::{Access, Provider, Unreadable, unseal};
use crate::error::{Error, Result};
use crate::id::{ConnectionId, WorkspaceId};
use crate::tx::{Authorized, Tx};

/// A connection by which documents of what goes may have been stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeConnection {
    /// Which.
    pub id: ConnectionId,
    /// The workspaces that go and could use it.
    pub workspaces: Vec<WorkspaceId>,
}

/// Why a connection cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// Its credentials do not open.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is one of a provider that is not known here.
    #[error("the provider of the connection is not known")]
    UnknownProvider,
    /// It is gone.
    #[error("the connection is gone")]
    Gone,
}

/// The connections by which documents of what goes may have been stored, by their ids. Those of providers that store nothing
/// are left out.
///
/// # Errors
/// If the store does not answer.
pub async fn connections(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    run: &PurgeRun,
) -> Result<Vec<PurgeConnection>> {
    let rows = sqlx::query!(
        r#"select c.id, array_agg(w.id order by w.id) as "workspaces!" from purge_targets t
           join workspaces w on t.purge_id = $1 and t.kind = 'workspace' and w.id = t.id
           join connections c on c.org_id = w.org_id or c.owner_id = w.owner_id
           where c.provider not in ('openai', 'anthropic', 'kubernetes')
           group by c.id order by c.id"#,
        run.id.0,
    )
    .fetch_all(tx.connection())
    .await?;
    let connections = rows.into_iter().map(|row| PurgeConnection {
        id: ConnectionId(row.id),
        workspaces: row.workspaces.into_iter().map(WorkspaceId).collect(),
    });
    Ok(connections.collect())
}

/// How to get to the store of a connection.
///
/// # Errors
/// If the store of Doorward does not answer; [`NoWay`] inside if there is no way, and never will be.
pub async fn open_connection(
    tx: &mut Tx,
    _: &Authorized<purge::Run>,
    id: ConnectionId,
) -> Result<Result<Access, NoWay>> {
    match unseal(tx, id).await {
        Ok(Ok((access, _))) if access.provider() == Provider::S3 => Ok(Ok(access)),
        Ok(Ok(_)) => Ok(Err(NoWay::UnknownProvider)),
        Ok(Err(unreadable)) => Ok(Err(unreadable.into())),
        Err(Error::NotFound(_)) => Ok(Err(NoWay::Gone)),
        Err(error) => Err(error),
    }
}
