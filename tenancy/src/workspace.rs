//! Workspaces: folders of content.

mod change;
mod default;
mod list;
mod managed;
mod new;
mod sharing;
mod view;

use serde::Deserialize;

pub use change::{WorkspaceUpdate, update};
pub use default::set_default;
pub use list::{WorkspaceFilter, WorkspaceSort, list, visible};
pub(crate) use managed::{Managers, forget_unseen, managed_by};
pub use new::{NewWorkspace, create};
pub use sharing::{personal, revoke_share, share, shares};
pub use view::{Workspace, get, in_org};

use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// Who gets in without being added.
    Visibility {
        /// Nobody.
        Private = "private",
        /// The organization's owners and admins.
        Org = "org",
    }
}

/// Whether people come to a workspace first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// They do: an organization has one such workspace.
    Default,
    /// They do not.
    Ordinary,
}

/// Makes a workspace of an organization.
///
/// # Errors
/// [`Error::Invalid`] if the organization has one of this name.
pub(crate) async fn insert(
    tx: &mut Tx,
    org: OrgId,
    name: &str,
    visibility: Visibility,
    place: Place,
) -> Result<WorkspaceId> {
    let (id, now) = (WorkspaceId(tx.new_id()), tx.now());
    sqlx::query!(
        "insert into workspaces (id, org_id, name, visibility, is_default, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        id.0,
        org.0,
        name,
        visibility.as_str(),
        place == Place::Default,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(id)
}

/// A workspace as it is brought in: with `org_id` an organization's, with `owner_id` a personal one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedWorkspace {
    pub id: WorkspaceId,
    #[serde(default)]
    pub org_id: Option<OrgId>,
    #[serde(default)]
    pub owner_id: Option<UserId>,
    pub name: String,
    pub visibility: Visibility,
    #[serde(default)]
    pub is_default: bool,
}

impl ImportedWorkspace {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        let now = tx.now();
        let written = sqlx::query!(
            "insert into workspaces (id, org_id, owner_id, name, visibility, is_default, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (id) do update set name = $4, visibility = $5, is_default = $6
                 where workspaces.org_id is not distinct from $2 and workspaces.owner_id is not distinct from $3",
            self.id.0,
            self.org_id.map(|id| id.0),
            self.owner_id.map(|id| id.0),
            self.name,
            self.visibility.as_str(),
            self.is_default,
            now,
        )
        .execute(tx.connection())
        .await?;
        if written.rows_affected() == 0 {
            return Err(Error::invalid(
                "id",
                "the workspace belongs to another organization or person, and stays there",
            ));
        }
        if let Some(owner) = self.owner_id {
            // The one member of a personal workspace.
            sqlx::query!(
                "insert into workspace_members (workspace_id, user_id, role, created_at) values ($1, $2, 'admin', $3)
                 on conflict (workspace_id, user_id) do update set role = 'admin'",
                self.id.0,
                owner.0,
                now,
            )
            .execute(tx.connection())
            .await?;
        }
        Ok(())
    }
}

/// The organization of a workspace, if it is one's.
pub(crate) async fn org_of(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<OrgId>> {
    let org = sqlx::query_scalar!("select org_id from workspaces where id = $1", workspace.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(org.flatten().map(OrgId))
}
