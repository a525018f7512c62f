use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::look::{Found, find};
use super::{InvitationToken, already_member, gone, is_member};
use crate::action::{Inviting, invitation as action};
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::membership::{self, OrgRole};
use crate::revision::Revision;
use crate::tx::{Authorized, Request, Tx};
use crate::workspace_member::{self, WorkspaceRole};

/// Somebody's place in an organization that they have just joined.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Joined {
    /// The organization.
    pub org_id: OrgId,
    /// Its name.
    pub organization: String,
    /// Who has joined.
    pub user_id: UserId,
    /// As what.
    pub role: OrgRole,
    /// The workspace that they were let into; null if the invitation named none, or it is gone.
    pub workspace_id: Option<WorkspaceId>,
    /// As what.
    pub workspace_role: Option<WorkspaceRole>,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

/// Accepts an invitation, as the person whose verified address it was sent to. Of all who try, one does; whoever is a member
/// stays as they are. Whether the inviter is still there makes no difference.
///
/// # Errors
/// [`Error::NotFound`] for tokens that are none; [`Error::Gone`] if it was used or taken back or its time is over;
/// [`Error::Forbidden`] for somebody else; [`Error::Conflict`] for members; [`Error::LimitReached`].
pub async fn accept(
    db: &Db,
    request: Request,
    caller: &Caller,
    token: &InvitationToken,
) -> Result<(Joined, Revision)> {
    let mut tx = db.begin(request).await?;
    let found = find(&mut tx, token).await?.open()?;
    let user = caller.person().ok_or(Error::Unauthenticated)?.id;
    let is_invited = found.is_for(&mut tx, user).await?;
    let target = Inviting(found.org);
    let allowed = match tx.authorize_with::<action::Accept>(caller, target, context(is_invited)).await {
        // To a member a lack of seats says nothing.
        Err(Error::LimitReached { .. }) if is_member(&mut tx, found.org, found.email.as_str()).await? => {
            return Err(already_member());
        }
        other => other?,
    };
    let joined = join(&mut tx, &allowed, &found, token, user).await?;
    Ok((joined, tx.commit().await?))
}

/// What the policies want to know of whoever accepts.
pub(super) fn context(is_invited: bool) -> Map<String, Value> {
    Map::from_iter([("is_invited".to_owned(), is_invited.into())])
}

/// Ends the invitation and makes the membership. The organization is locked: nobody else is between the two.
pub(super) async fn join(
    tx: &mut Tx,
    allowed: &Authorized<action::Accept>,
    found: &Found,
    token: &InvitationToken,
    user: UserId,
) -> Result<Joined> {
    let now = tx.now();
    let row = sqlx::query!(
        "update invitations set accepted_at = $2, accepted_by = $3, ended_at = $2
         where id = $1 and ended_at is null and expires_at > $2 and hash = $4
         returning role, workspace_id, workspace_role",
        found.id.0,
        now,
        user.0,
        &token.hash()[..],
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(gone)?;
    let unreadable = || Error::Store(sqlx::Error::Decode("unknown role".into()));
    let role = OrgRole::parse(&row.role).ok_or_else(unreadable)?;
    if !membership::insert(tx, found.org, user, role).await? {
        return Err(already_member());
    }
    let workspace_role = row.workspace_role.as_deref().and_then(WorkspaceRole::parse);
    let workspace = row.workspace_id.map(WorkspaceId).zip(workspace_role);
    if let Some((workspace, role)) = workspace {
        workspace_member::insert(tx, workspace, user, role).await?;
    }
    let joined = Joined {
        org_id: found.org,
        organization: found.organization.clone(),
        user_id: user,
        role,
        workspace_id: workspace.map(|(id, _)| id),
        workspace_role: workspace.map(|(_, role)| role),
        joined_at: now,
    };
    let after = json!({
        "invitation": found.id, "user_id": user, "role": role, "workspace_id": joined.workspace_id,
        "workspace_role": joined.workspace_role,
    });
    tx.record(allowed, None, &allowed.uid(), Change { before: Value::Null, after }).await?;
    Ok(joined)
}
