//! What ends in the transaction of the request: nobody gets in any more, and nothing is begun for what is being deleted.

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::queue;
use crate::tx::Tx;
use crate::user::AccountStatus;

/// All that a purge is about.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) users: Vec<UserId>,
    pub(super) orgs: Vec<OrgId>,
    pub(super) workspaces: Vec<WorkspaceId>,
}

impl Subjects {
    pub(super) fn user_ids(&self) -> Vec<Uuid> {
        self.users.iter().map(|id| id.0).collect()
    }

    pub(super) fn org_ids(&self) -> Vec<Uuid> {
        self.orgs.iter().map(|id| id.0).collect()
    }

    pub(super) fn workspace_ids(&self) -> Vec<Uuid> {
        self.workspaces.iter().map(|id| id.0).collect()
    }

    /// With the workspaces of its users and organizations.
    pub(super) async fn with_workspaces(mut self, tx: &mut Tx) -> Result<Self> {
        let ids = sqlx::query_scalar!(
            "select id from workspaces where owner_id = any ($1) or org_id = any ($2) order by id for no key update",
            &self.user_ids(),
            &self.org_ids(),
        )
        .fetch_all(tx.connection())
        .await?;
        self.workspaces.extend(ids.into_iter().map(WorkspaceId));
        Ok(self)
    }
}

/// Makes everybody wait who does something to an account, or to an organization that its owner belongs to: the organizations
/// first, as everywhere. Returns the state of the account; none if there is none.
///
/// # Errors
/// [`Error::Conflict`] `contention` if they have just joined another one.
pub(super) async fn lock_account(tx: &mut Tx, user: UserId) -> Result<Option<AccountStatus>> {
    let locked = sqlx::query_scalar!(
        "select id from organizations where id in (select org_id from memberships where user_id = $1)
         order by id for no key update",
        user.0
    )
    .fetch_all(tx.connection())
    .await?;
    let status = sqlx::query_scalar!("select status from users where id = $1 for update", user.0)
        .fetch_optional(tx.connection())
        .await?;
    // Whoever makes them a member holds their row: from here on, nobody does.
    let joined = sqlx::query_scalar!(
        r#"select exists (select from memberships where user_id = $1 and org_id <> all ($2)) as "has!""#,
        user.0,
        &locked,
    )
    .fetch_one(tx.connection())
    .await?;
    if joined {
        return Err(Error::conflict("contention", "another change was in the way; try again"));
    }
    Ok(status.as_deref().and_then(AccountStatus::parse))
}

/// Shuts organizations and workspaces, and calls off what was to be done for them and for the users.
pub(super) async fn shut(tx: &mut Tx, with: &Subjects) -> Result<()> {
    let (now, orgs, workspaces) = (tx.now(), with.org_ids(), with.workspace_ids());
    sqlx::query!(
        "update organizations set deleting_at = $2 where id = any ($1) and deleting_at is null",
        &orgs,
        now
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "update workspaces set deleting_at = $2 where id = any ($1) and deleting_at is null",
        &workspaces,
        now
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "update invitations set revoked_at = $2, ended_at = $2 where org_id = any ($1) and ended_at is null",
        &orgs,
        now
    )
    .execute(tx.connection())
    .await?;
    // Whoever is invited comes into the organization, and not into what is going.
    sqlx::query!(
        "update invitations set workspace_id = null where workspace_id = any ($1) and ended_at is null",
        &workspaces
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "update sessions set workspace_id = null, org_id = case when org_id = any ($2) then null else org_id end
         where id in (select id from sessions where workspace_id = any ($1) or org_id = any ($2) order by id for update)",
        &workspaces,
        &orgs
    )
    .execute(tx.connection())
    .await?;
    absorb(tx, &workspaces).await?;
    queue::call_off(tx, &with.user_ids(), &orgs, &workspaces).await
}

/// Purges of workspaces that still wait are done by the one that takes the workspaces along.
async fn absorb(tx: &mut Tx, workspaces: &[Uuid]) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update purges set state = 'cancelled', finished_at = $2
         where subject = 'workspace' and subject_id = any ($1) and state = 'waiting'",
        workspaces,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
