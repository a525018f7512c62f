use serde_json::json;

use super::{Place, Visibility, Workspace, insert, view};
use crate::action::{Target as _, workspace};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{OrgId, WorkspaceId};
use crate::text::{NAME_MAX, check_line};
use crate::tx::{Authorized, Tx};
use crate::workspace_member::{self, WorkspaceRole};

/// A workspace to be made.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Its name, of which the organization has no other workspace.
    pub name: String,
    /// Who gets in without being added.
    pub visibility: Visibility,
}

/// Makes a workspace of an organization. Who makes it is its first admin.
///
/// # Errors
/// [`Error::Conflict`] `name_taken`; [`Error::Invalid`] for a name that cannot be one.
pub async fn create(
    tx: &mut Tx,
    allowed: &Authorized<workspace::Create>,
    new: &NewWorkspace,
) -> Result<Workspace> {
    let (org, name) = (*allowed.target(), new.name.trim());
    check_name(tx, org, name, None).await?;
    let id = insert(tx, org, name, new.visibility, Place::Ordinary).await?;
    if let Some(person) = allowed.actor().person() {
        workspace_member::insert(tx, id, person.id, WorkspaceRole::Admin).await?;
    }
    let after = json!({ "name": name, "visibility": new.visibility });
    tx.record(allowed, Some(org), &id.uid(), Change { after, ..Change::default() }).await?;
    view::find(tx, allowed.actor(), id).await
}

/// Refuses what can be no name, and what is the name of another workspace of the organization, whose lock the caller holds.
pub(super) async fn check_name(tx: &mut Tx, org: OrgId, name: &str, but: Option<WorkspaceId>) -> Result<()> {
    check_line("name", name, NAME_MAX)?;
    let is_taken = sqlx::query_scalar!(
        r#"select exists (select from workspaces where org_id = $1 and name = $2 and id is distinct from $3
                          and deleting_at is null) as "is!""#,
        org.0,
        name,
        but.map(|id| id.0),
    )
    .fetch_one(tx.connection())
    .await?;
    if is_taken {
        return Err(Error::conflict("name_taken", "another workspace of the organization has this name"));
    }
    Ok(())
}
