use serde_json::{Value, json};

use super::managed::{forget_unseen, has_manager};
use super::new::check_name;
use super::{Visibility, Workspace, org_of, view};
use crate::action::{Action, workspace};
use crate::audit::Change;
use crate::error::Result;
use crate::id::{OrgId, WorkspaceId};
use crate::tx::{Authorized, Tx};
use crate::workspace_member::{self, WorkspaceRole};

/// What is changed of a workspace.
#[derive(Debug, Default)]
pub struct WorkspaceUpdate<'u> {
    /// Another name.
    pub name: Option<&'u str>,
    /// Who gets in without being added, from now on.
    pub visibility: Option<(&'u Authorized<workspace::SetVisibility>, Visibility)>,
}

/// Changes a workspace. One that is made private and has nobody to manage it then gets whoever does that as its admin.
///
/// # Errors
/// [`Error::Conflict`](crate::Error) `name_taken`; [`Error::Invalid`](crate::Error) for a name that cannot be one.
pub async fn update(
    tx: &mut Tx,
    allowed: &Authorized<workspace::Update>,
    update: WorkspaceUpdate<'_>,
) -> Result<Workspace> {
    let id = *allowed.target();
    let org = org_of(tx, id).await?;
    let before = view::find(tx, allowed.actor(), id).await?;
    let name = update.name.map_or(before.name.as_str(), str::trim);
    if let (Some(org), true) = (org, update.name.is_some()) {
        check_name(tx, org, name, Some(id)).await?;
    }
    // Of another workspace, the proof proves nothing here.
    let visibility = update.visibility.filter(|(proof, _)| *proof.target() == id);
    let wanted = visibility.map_or(before.visibility, |(_, wanted)| wanted);
    if name == before.name && wanted == before.visibility {
        return Ok(before);
    }
    sqlx::query!(
        "update workspaces set name = $2, visibility = $3 where id = $1",
        id.0,
        name,
        wanted.as_str()
    )
    .execute(tx.connection())
    .await?;
    if name != before.name {
        note(tx, allowed, org, json!({ "name": before.name }), json!({ "name": name })).await?;
    }
    if let (Some((proof, _)), true) = (visibility, wanted != before.visibility) {
        let became_admin = wanted == Visibility::Private && stay(tx, proof).await?;
        let mut after = json!({ "visibility": wanted });
        if let (true, Some(person)) = (became_admin, proof.actor().person()) {
            after["admin"] = json!(person.id);
        }
        note(tx, proof, org, json!({ "visibility": before.visibility }), after).await?;
        forget_unseen(tx, id).await?;
    }
    view::find(tx, allowed.actor(), id).await
}

/// Makes whoever closes a workspace its admin, if nobody could manage it else. Returns whether that was so.
async fn stay(tx: &mut Tx, proof: &Authorized<workspace::SetVisibility>) -> Result<bool> {
    let (id, Some(person)) = (*proof.target(), proof.actor().person()) else { return Ok(false) };
    if has_manager(tx, id).await? {
        return Ok(false);
    }
    workspace_member::put(tx, id, person.id, WorkspaceRole::Admin).await?;
    Ok(true)
}

async fn note<A: Action<Target = WorkspaceId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    org: Option<OrgId>,
    before: Value,
    after: Value,
) -> Result<()> {
    tx.record(allowed, org, &allowed.uid(), Change { before, after }).await
}
