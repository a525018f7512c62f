use super::enter;
use crate::caller::{Caller, Current};
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::tx::Tx;

/// Where somebody goes on who signs in: where they were last, if they may still be there, else on their own.
pub(crate) async fn resume(tx: &mut Tx, caller: &Caller, user: UserId) -> Result<Current> {
    let last = sqlx::query!(
        "select org_id, workspace_id from sessions where user_id = $1 order by last_seen_at desc, id desc limit 1",
        user.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let last = last.map_or_else(Current::default, |last| Current {
        org: last.org_id.map(OrgId),
        workspace: last.workspace_id.map(WorkspaceId),
    });
    let org = match last.org {
        Some(org) => may(enter::organization(tx, caller, org).await)?.map(|()| org),
        None => None,
    };
    if let (true, Some(wanted)) = (org == last.org, last.workspace)
        && let Some(workspace) = may(enter::workspace(tx, caller, org, wanted).await)?
    {
        return Ok(Current { org, workspace: Some(workspace) });
    }
    let workspace = enter::first_workspace(tx, caller, user, org).await?;
    Ok(Current { org, workspace })
}

/// Whether it may be, where a refusal is no error.
fn may<T>(entered: Result<T>) -> Result<Option<T>> {
    match entered {
        Ok(entered) => Ok(Some(entered)),
        Err(Error::NotFound(_) | Error::Forbidden { .. } | Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
