use crate::action::{Target as _, org, workspace};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::tx::Tx;

/// How many workspaces are looked at together.
const AT_ONCE: usize = 100;

/// Sees that somebody may work in an organization, and keeps them a member of it until the transaction ends: who removes
/// them meanwhile waits, and then takes them out of here.
///
/// # Errors
/// [`Error::Refused`] `membership_suspended`, or `no_longer_member` for who was one; else as the policies say.
pub(super) async fn organization(tx: &mut Tx, caller: &Caller, id: OrgId) -> Result<()> {
    let user = caller.person().map(|person| person.id.0);
    let membership = sqlx::query!(
        "select suspended_at from memberships where org_id = $1 and user_id = $2 for share",
        id.0,
        user
    )
    .fetch_optional(tx.connection())
    .await?;
    let refused = match tx.authorize::<org::Enter>(caller, id).await {
        Ok(_) => return Ok(()),
        Err(error @ (Error::NotFound(_) | Error::Forbidden { .. })) => error,
        Err(error) => return Err(error),
    };
    if membership.is_some_and(|membership| membership.suspended_at.is_some()) {
        let message = "your membership of this organization is suspended";
        return Err(Error::Refused { code: "membership_suspended", message });
    }
    let was_one = sqlx::query_scalar!(
        r#"select exists (select from former_members f where f.org_id = $1 and f.user_id = $2
                            and not exists (select from memberships m where m.org_id = $1 and m.user_id = $2)) as "was!""#,
        id.0,
        user,
    )
    .fetch_one(tx.connection())
    .await?;
    if was_one {
        let message = "you do not belong to this organization any more";
        return Err(Error::Refused { code: "no_longer_member", message });
    }
    Err(refused)
}

/// Sees that somebody may work in a workspace, which is this organization's, or with none a personal one; and keeps it there.
///
/// # Errors
/// [`Error::NotFound`]
pub(super) async fn workspace(
    tx: &mut Tx,
    caller: &Caller,
    org: Option<OrgId>,
    id: WorkspaceId,
) -> Result<WorkspaceId> {
    // Before the session: whoever deletes the workspace takes it first too.
    let found = sqlx::query_scalar!(
        "select id from workspaces where id = $1 and org_id is not distinct from $2 for key share",
        id.0,
        org.map(|id| id.0)
    )
    .fetch_optional(tx.connection())
    .await?;
    if found.is_none() {
        return Err(Error::NotFound(WorkspaceId::NOUN));
    }
    tx.authorize::<workspace::View>(caller, id).await?;
    Ok(id)
}

/// Where somebody works who does not say where: the personal workspace; in an organization its default workspace, or the
/// first by name, of those that they see.
pub(super) async fn first_workspace(
    tx: &mut Tx,
    caller: &Caller,
    user: UserId,
    org: Option<OrgId>,
) -> Result<Option<WorkspaceId>> {
    let ids = sqlx::query_scalar!(
        "select id from workspaces where case when $1::uuid is null then owner_id = $2 else org_id = $1 end
         order by is_default desc, lower(name), id",
        org.map(|id| id.0),
        user.0,
    )
    .fetch_all(tx.connection())
    .await?;
    let ids: Vec<WorkspaceId> = ids.into_iter().map(WorkspaceId).collect();
    for part in ids.chunks(AT_ONCE) {
        for allowed in tx.filter::<workspace::View>(caller, part.to_vec()).await? {
            match workspace(tx, caller, org, *allowed.target()).await {
                // Somebody has just deleted it.
                Err(Error::NotFound(_)) => {}
                entered => return entered.map(Some),
            }
        }
    }
    Ok(None)
}
