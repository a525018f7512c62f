mod grantee;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub use grantee::{Grantee, SharedWith};

use super::{forget_unseen, org_of};
use crate::action::workspace;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{OrgId, ShareId, UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::share::ShareLevel;
use crate::time;
use crate::tx::{Authorized, Tx};

/// A share of a workspace, for those who manage it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkspaceShare {
    /// The id.
    pub id: ShareId,
    /// With whom.
    pub grantee: Grantee,
    /// With which person.
    pub user_id: Option<UserId>,
    /// Their address.
    #[schema(format = Email)]
    pub email: Option<String>,
    /// The name of the person or the organization.
    pub name: Option<String>,
    /// With the members of which organization.
    pub org_id: Option<OrgId>,
    /// With the members of which workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// What it gives.
    pub level: ShareLevel,
    /// From when on it gives nothing; none: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A share to be made.
#[derive(Debug, Clone)]
pub struct NewWorkspaceShare {
    /// With whom.
    pub with: SharedWith,
    /// What it gives.
    pub level: ShareLevel,
    /// From when on it gives nothing.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The personal workspace of a person.
///
/// # Errors
/// [`Error::NotFound`] if they have none.
pub async fn personal(tx: &mut Tx, owner: UserId) -> Result<WorkspaceId> {
    let id = sqlx::query_scalar!("select id from workspaces where owner_id = $1", owner.0)
        .fetch_optional(tx.connection())
        .await?;
    id.map(WorkspaceId).ok_or(Error::NotFound("personal workspace"))
}

/// With whom a workspace is shared, oldest share first; those that have expired are listed until they are revoked.
///
/// # Errors
/// If the store does not answer.
pub async fn shares(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ListShares>,
    page: Page,
) -> Result<Paged<WorkspaceShare>> {
    let id = *allowed.target();
    let total =
        sqlx::query_scalar!(r#"select count(*) as "count!" from shares where workspace_id = $1"#, id.0)
            .fetch_one(tx.connection())
            .await?;
    let shares = read(tx, id, None, page.limit(), page.offset()).await?;
    Ok(page.of(shares, total))
}

/// Shares a workspace as a whole. Sharing again with the same grantee changes level and end.
///
/// # Errors
/// [`Error::Invalid`] if there is no such grantee, for oneself, for an end that is past, for more than reading to the
/// platform's administrators, and for a personal workspace with others than people and these;
/// [`Error::Conflict`] `already_member` for somebody who is in the workspace.
pub async fn share(
    tx: &mut Tx,
    allowed: &Authorized<workspace::Share>,
    new: &NewWorkspaceShare,
) -> Result<WorkspaceShare> {
    let (workspace, now) = (*allowed.target(), tx.now());
    if new.expires_at.is_some_and(|end| end <= now || !time::is_storable(end)) {
        return Err(Error::invalid("expires_at", "must be in the future, and before the year 10000"));
    }
    let with = new.with.find(tx, allowed).await?;
    let (grantee, person, org, place) = with.columns();
    let before = sqlx::query!(
        "select id, level, expires_at from shares
         where workspace_id = $1 and grantee = $2 and grantee_user_id is not distinct from $3
           and grantee_org_id is not distinct from $4 and grantee_workspace_id is not distinct from $5 for update",
        workspace.0,
        grantee.as_str(),
        person,
        org,
        place,
    )
    .fetch_optional(tx.connection())
    .await?;
    let before = before.map_or(
        Value::Null,
        |share| json!({ "share": share.id, "level": share.level, "expires_at": share.expires_at }),
    );
    let id = sqlx::query_scalar!(
        "insert into shares (id, workspace_id, grantee, grantee_user_id, grantee_org_id, grantee_workspace_id, level,
                             expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict on constraint shares_once do update set level = $7, expires_at = $8 returning id",
        tx.new_id(),
        workspace.0,
        grantee.as_str(),
        person,
        org,
        place,
        new.level.as_str(),
        new.expires_at,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    let after = json!({
        "share": id, "grantee": grantee, "user_id": person, "org_id": org, "workspace_id": place,
        "level": new.level, "expires_at": new.expires_at,
    });
    let home = org_of(tx, workspace).await?;
    tx.record(allowed, home, &allowed.uid(), Change { before, after }).await?;
    let shares = read(tx, workspace, Some(ShareId(id)), 1, 0).await?;
    shares.into_iter().next().ok_or(Error::NotFound(NOUN))
}

/// Ends a share of a workspace at once.
///
/// # Errors
/// [`Error::NotFound`] if the workspace has no such share.
pub async fn revoke_share(
    tx: &mut Tx,
    allowed: &Authorized<workspace::RevokeShare>,
    id: ShareId,
) -> Result<()> {
    let workspace = *allowed.target();
    let gone = sqlx::query!(
        "delete from shares where id = $1 and workspace_id = $2
         returning grantee, grantee_user_id, grantee_org_id, grantee_workspace_id, level",
        id.0,
        workspace.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(NOUN))?;
    forget_unseen(tx, workspace).await?;
    let before = json!({
        "share": id, "grantee": gone.grantee, "user_id": gone.grantee_user_id, "org_id": gone.grantee_org_id,
        "workspace_id": gone.grantee_workspace_id, "level": gone.level,
    });
    let home = org_of(tx, workspace).await?;
    tx.record(allowed, home, &allowed.uid(), Change { before, ..Change::default() }).await
}

const NOUN: &str = "share";

async fn read(
    tx: &mut Tx,
    workspace: WorkspaceId,
    one: Option<ShareId>,
    limit: i64,
    offset: i64,
) -> Result<Vec<WorkspaceShare>> {
    let rows = sqlx::query!(
        r#"select s.id, s.grantee, s.grantee_user_id, s.grantee_org_id, s.grantee_workspace_id, s.level, s.expires_at,
                  s.created_at, u.email as "email?", coalesce(u.name, o.name) as name
           from shares s left join users u on u.id = s.grantee_user_id left join organizations o on o.id = s.grantee_org_id
           where s.workspace_id = $1 and ($2::uuid is null or s.id = $2)
           order by s.created_at, s.id limit $3 offset $4"#,
        workspace.0,
        one.map(|id| id.0),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    let shares = rows.into_iter().filter_map(|row| {
        Some(WorkspaceShare {
            id: ShareId(row.id),
            grantee: Grantee::parse(&row.grantee)?,
            user_id: row.grantee_user_id.map(UserId),
            email: row.email,
            name: row.name,
            org_id: row.grantee_org_id.map(OrgId),
            workspace_id: row.grantee_workspace_id.map(WorkspaceId),
            level: ShareLevel::parse(&row.level)?,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    });
    Ok(shares.collect())
}
