use serde_json::json;

use super::org_of;
use crate::action::{Target as _, workspace};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::tx::{Authorized, Tx};

/// Deletes a workspace with what is in it: its objects, its members' roles, what it is shared with and what is shared with it.
/// Who works there works in no workspace then.
///
/// # Errors
/// [`Error::NotFound`] if it has just gone.
pub async fn delete(tx: &mut Tx, allowed: &Authorized<workspace::Delete>) -> Result<()> {
    let id = *allowed.target();
    let org = org_of(tx, id).await?;
    let gone = sqlx::query!(
        r#"select name, visibility,
                  (select count(*) from resources r where r.workspace_id = w.id) as "resources!",
                  (select count(*) from workspace_members m where m.workspace_id = w.id) as "members!",
                  (select count(*) from shares s where s.workspace_id = w.id or s.grantee_workspace_id = w.id
                      or exists (select from resources r where r.workspace_id = w.id
                                   and r.type = s.resource_type and r.id = s.resource_id)) as "shares!"
           from workspaces w where id = $1 for update"#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(WorkspaceId::NOUN))?;
    sqlx::query!("delete from workspaces where id = $1", id.0).execute(tx.connection()).await?;
    let before = json!({
        "name": gone.name, "visibility": gone.visibility, "resources": gone.resources, "members": gone.members,
        "shares": gone.shares,
    });
    tx.record(allowed, org, &id.uid(), Change { before, ..Change::default() }).await
}
