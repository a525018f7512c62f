//! A person's role in a workspace.

mod change;
mod list;

use serde::Deserialize;

pub use change::{add, leave, remove, set_role};
pub use list::{WorkspaceMember, list};

use crate::error::Result;
use crate::id::{UserId, WorkspaceId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// A role in a workspace. What a role may do stands in the policy folder.
    WorkspaceRole {
        /// Includes editor.
        Admin = "admin",
        /// Includes viewer.
        Editor = "editor",
        /// Reads.
        Viewer = "viewer",
    }
}

/// Lets a member of the organization into a workspace. Returns whether they were not in it before.
///
/// # Errors
/// [`Error::Invalid`](crate::Error) if they are no member of the organization.
pub(crate) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    user: UserId,
    role: WorkspaceRole,
) -> Result<bool> {
    let now = tx.now();
    let inserted = sqlx::query!(
        "insert into workspace_members (workspace_id, user_id, role, created_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, user_id) do nothing",
        workspace.0,
        user.0,
        role.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Gives a member of the organization a role in a workspace, whether they have one there or not.
pub(crate) async fn put(
    tx: &mut Tx,
    workspace: WorkspaceId,
    user: UserId,
    role: WorkspaceRole,
) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into workspace_members (workspace_id, user_id, role, created_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, user_id) do update set role = $3",
        workspace.0,
        user.0,
        role.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A workspace role as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedWorkspaceMember {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: WorkspaceRole,
}

impl ImportedWorkspaceMember {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        put(tx, self.workspace_id, self.user_id, self.role).await
    }
}
