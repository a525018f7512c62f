use serde_json::json;

use super::{Workspace, org_of, view};
use crate::action::{Target as _, workspace};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::tx::{Authorized, Tx};

/// Makes a workspace the one that people come to first; the one that was it, is it no more.
///
/// # Errors
/// [`Error::NotFound`] for a personal workspace.
pub async fn set_default(tx: &mut Tx, allowed: &Authorized<workspace::SetDefault>) -> Result<Workspace> {
    let id = *allowed.target();
    let org = org_of(tx, id).await?.ok_or(Error::NotFound(WorkspaceId::NOUN))?;
    // The organization's lock is held; the index wants that there are never two.
    let former = sqlx::query_scalar!(
        "update workspaces set is_default = false where org_id = $1 and is_default and id <> $2 returning id",
        org.0,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let changed =
        sqlx::query!("update workspaces set is_default = true where id = $1 and not is_default", id.0)
            .execute(tx.connection())
            .await?;
    if changed.rows_affected() > 0 {
        let change = Change {
            before: json!({ "default_workspace": former }),
            after: json!({ "default_workspace": id }),
        };
        tx.record(allowed, Some(org), &allowed.uid(), change).await?;
    }
    view::find(tx, allowed.actor(), id).await
}
