//! What is shared with whom, in the store.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ShareLevel;
use super::grantee::{Found, Grantee, SharedWith};
use crate::error::{Error, Result};
use crate::id::{OrgId, ResourceId, ShareId, UserId, WorkspaceId};
use crate::page::{Page, Paged};
use crate::time;
use crate::tx::Tx;

/// The word for it in errors.
const NOUN: &str = "share";

/// A share of a workspace or a resource, for those who manage it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Share {
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
pub struct NewShare {
    /// With whom.
    pub with: SharedWith,
    /// What it gives.
    pub level: ShareLevel,
    /// From when on it gives nothing.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewShare {
    /// # Errors
    /// [`Error::Invalid`] for an end that is past, or so far away that the store cannot keep it.
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<()> {
        if self.expires_at.is_some_and(|end| end <= now || !time::is_storable(end)) {
            return Err(Error::invalid("expires_at", "must be in the future, and before the year 10000"));
        }
        Ok(())
    }
}

/// What is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'a> {
    /// A workspace as a whole.
    Workspace(WorkspaceId),
    /// One resource.
    Resource(&'a ResourceId),
}

/// The columns of a target: a workspace, else a resource's type and id.
type Columns<'a> = (Option<uuid::Uuid>, Option<&'a str>, Option<&'a str>);

impl<'a> On<'a> {
    fn columns(self) -> Columns<'a> {
        match self {
            Self::Workspace(id) => (Some(id.0), None, None),
            Self::Resource(id) => (None, Some(&id.kind), Some(&id.id)),
        }
    }

    /// Its shares, oldest first; those that have expired are listed until they are revoked.
    pub(crate) async fn list(self, tx: &mut Tx, page: Page) -> Result<Paged<Share>> {
        let (workspace, kind, id) = self.columns();
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from shares
               where workspace_id = $1 or (resource_type = $2 and resource_id = $3)"#,
            workspace,
            kind,
            id,
        )
        .fetch_one(tx.connection())
        .await?;
        Ok(page.of(self.read(tx, None, page.limit(), page.offset()).await?, total))
    }

    /// Shares it; sharing again with the same grantee changes level and end. Returns what the audit log says: before
    /// and after.
    pub(crate) async fn put(self, tx: &mut Tx, with: Found, new: &NewShare) -> Result<(Share, Value, Value)> {
        let (workspace, kind, resource) = self.columns();
        let (grantee, person, org, place) = with.columns();
        let before = sqlx::query!(
            "select id, level, expires_at from shares
             where (workspace_id = $1 or (resource_type = $2 and resource_id = $3)) and grantee = $4
               and grantee_user_id is not distinct from $5 and grantee_org_id is not distinct from $6
               and grantee_workspace_id is not distinct from $7 for update",
            workspace,
            kind,
            resource,
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
            "insert into shares (id, workspace_id, resource_type, resource_id, grantee, grantee_user_id, grantee_org_id,
                                 grantee_workspace_id, level, expires_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict on constraint shares_once do update set level = $9, expires_at = $10 returning id",
            tx.new_id(),
            workspace,
            kind,
            resource,
            grantee.as_str(),
            person,
            org,
            place,
            new.level.as_str(),
            new.expires_at,
            tx.now(),
        )
        .fetch_one(tx.connection())
        .await?;
        let after = json!({
            "share": id, "grantee": grantee, "user_id": person, "org_id": org, "workspace_id": place,
            "level": new.level, "expires_at": new.expires_at,
        });
        let made = self.read(tx, Some(ShareId(id)), 1, 0).await?.pop();
        Ok((made.ok_or(Error::NotFound(NOUN))?, before, after))
    }

    /// Ends a share of it at once. Returns what the audit log says of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has no such share.
    pub(crate) async fn revoke(self, tx: &mut Tx, id: ShareId) -> Result<Value> {
        let (workspace, kind, resource) = self.columns();
        let gone = sqlx::query!(
            "delete from shares
             where id = $1 and (workspace_id = $2 or (resource_type = $3 and resource_id = $4))
             returning grantee, grantee_user_id, grantee_org_id, grantee_workspace_id, level",
            id.0,
            workspace,
            kind,
            resource,
        )
        .fetch_optional(tx.connection())
        .await?
        .ok_or(Error::NotFound(NOUN))?;
        Ok(json!({
            "share": id, "grantee": gone.grantee, "user_id": gone.grantee_user_id, "org_id": gone.grantee_org_id,
            "workspace_id": gone.grantee_workspace_id, "level": gone.level,
        }))
    }

    async fn read(self, tx: &mut Tx, one: Option<ShareId>, limit: i64, offset: i64) -> Result<Vec<Share>> {
        let (workspace, kind, resource) = self.columns();
        let rows = sqlx::query!(
            r#"select s.id, s.grantee, s.grantee_user_id, s.grantee_org_id, s.grantee_workspace_id, s.level, s.expires_at,
                      s.created_at, u.email as "email?", coalesce(u.name, o.name, w.name) as name
               from shares s left join users u on u.id = s.grantee_user_id
               left join organizations o on o.id = s.grantee_org_id
               left join workspaces w on w.id = s.grantee_workspace_id
               where (s.workspace_id = $1 or (s.resource_type = $2 and s.resource_id = $3))
                 and ($4::uuid is null or s.id = $4)
               order by s.created_at, s.id limit $5 offset $6"#,
            workspace,
            kind,
            resource,
            one.map(|id| id.0),
            limit,
            offset,
        )
        .fetch_all(tx.connection())
        .await?;
        let shares = rows.into_iter().filter_map(|row| {
            Some(Share {
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
}
