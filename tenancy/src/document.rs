//! Documents: files in workspaces. Here stands what is known of them; their bytes are objects of a store, under the
//! workspace's prefix.

mod erase;
mod link;
mod list;
mod new;
mod place;
mod quota;
mod ready;
mod view;

pub use erase::{Erasure, abandoned, delete, due, erased, erasure, expire, give_up};
pub use link::{DocumentLink, LinkKind};
pub use list::{DocumentFilter, DocumentSort, get, list};
pub use new::{NewDocument, begin, context, nothing};
pub(crate) use place::by;
pub use place::{OpensPlace, Place, place};
pub use quota::{Quota, quota};
pub use ready::{Addresses, Upload, await_longer, finish, in_parts, set_parts, upload};
pub use view::{Document, DocumentState};

use std::time::Duration;

use crate::action::{Action, Target as _};
use crate::error::{Error, Result};
use crate::id::{DocumentId, OrgId, WorkspaceId};
use crate::tx::{Authorized, Tx};

/// How long after the end of an address an upload may still be on its way.
pub const SLACK: Duration = Duration::from_secs(60);

/// The name of a document's object.
#[must_use]
pub fn key(workspace: WorkspaceId, id: DocumentId) -> String {
    format!("{}{id}", prefix(workspace))
}

/// What the names of a workspace's documents begin with.
#[must_use]
pub fn prefix(workspace: WorkspaceId) -> String {
    format!("workspaces/{workspace}/documents/")
}

/// Insists that a document is found where a path says.
///
/// # Errors
/// [`Error::NotFound`] if it lies in another workspace, or is being deleted.
pub async fn check_home<A: Action<Target = DocumentId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    workspace: WorkspaceId,
) -> Result<()> {
    let is_there = sqlx::query_scalar!(
        r#"select exists (select from documents where id = $1 and workspace_id = $2 and state <> 'deleting')
              as "is!""#,
        allowed.target().0,
        workspace.0,
    )
    .fetch_one(tx.connection())
    .await?;
    if is_there { Ok(()) } else { Err(Error::NotFound(DocumentId::NOUN)) }
}

/// In whose chain of the audit log a workspace stands.
async fn chain_of(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<OrgId>> {
    let org = sqlx::query_scalar!("select org_id from workspaces where id = $1", workspace.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(org.flatten().map(OrgId))
}
