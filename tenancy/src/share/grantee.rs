//! With whom something is shared.

use uuid::Uuid;

use crate::action::workspace;
use crate::address::Address;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::tx::Tx;
use crate::user;
use crate::words::words;

words! {
    /// Whom something can be shared with.
    Grantee {
        /// A person.
        User = "user",
        /// The members of an organization.
        Organization = "organization",
        /// The members of another workspace.
        Workspace = "workspace",
        /// The platform's administrators, who otherwise see nothing of it.
        Platform = "platform",
    }
}

/// With whom something is to be shared, as whoever shares it says.
#[derive(Debug, Clone)]
pub enum SharedWith {
    /// The person with this address.
    Address(Address),
    /// This member of the workspace's organization.
    User(UserId),
    /// The members of this organization.
    Organization(OrgId),
    /// The members of the organization with this slug.
    Slug(String),
    /// The members of this workspace of an organization, which whoever shares sees.
    Workspace(WorkspaceId),
    /// The platform's administrators.
    Platform,
}

/// The same, found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    User(UserId),
    Organization(OrgId),
    Workspace(WorkspaceId),
    Platform,
}

impl Found {
    /// As a share keeps it: the word, the person, the organization and the workspace.
    pub(crate) fn columns(self) -> (Grantee, Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::User(id) => (Grantee::User, Some(id.0), None, None),
            Self::Organization(id) => (Grantee::Organization, None, Some(id.0), None),
            Self::Workspace(id) => (Grantee::Workspace, None, None, Some(id.0)),
            Self::Platform => (Grantee::Platform, None, None, None),
        }
    }
}

impl SharedWith {
    /// Looks for it on behalf of `actor`, who shares the workspace or something in it.
    pub(crate) async fn find(&self, tx: &mut Tx, actor: &Caller, workspace: WorkspaceId) -> Result<Found> {
        let home = Home::of(tx, workspace).await?;
        if home.owner.is_some()
            && matches!(self, Self::User(_) | Self::Organization(_) | Self::Slug(_) | Self::Workspace(_))
        {
            let message = "a personal workspace is shared with a person, by address, or with the platform";
            return Err(Error::invalid("grantee", message));
        }
        match self {
            Self::Platform => Ok(Found::Platform),
            Self::Address(email) => {
                let nobody = || Error::invalid("email", "no other account has this address");
                let person = user::with_address(tx, email).await?.ok_or_else(nobody)?;
                person_of(actor, &home, person, nobody)
            }
            Self::User(id) => {
                let nobody = || Error::invalid("user_id", "no other member of the organization has this id");
                let is_member = sqlx::query_scalar!(
                    r#"select exists (
                        select from memberships m join users u on u.id = m.user_id and u.status <> 'deleting'
                        where m.org_id = $1 and m.user_id = $2) as "is!""#,
                    home.org.map(|id| id.0),
                    id.0
                )
                .fetch_one(tx.connection())
                .await?;
                if !is_member {
                    return Err(nobody());
                }
                person_of(actor, &home, *id, nobody)
            }
            Self::Organization(id) => {
                let found = sqlx::query_scalar!(
                    "select id from organizations where id = $1 and deleting_at is null",
                    id.0
                );
                let found = found.fetch_optional(tx.connection()).await?;
                organization("org_id", found)
            }
            Self::Slug(slug) => {
                // No slug has one, and the store takes none.
                let slug = if slug.contains('\0') { "" } else { slug };
                let found = sqlx::query_scalar!(
                    "select id from organizations where slug = $1 and deleting_at is null",
                    slug
                );
                let found = found.fetch_optional(tx.connection()).await?;
                organization("org_slug", found)
            }
            Self::Workspace(id) => other_workspace(tx, actor, workspace, *id).await,
        }
    }
}

/// Whose the workspace is.
struct Home {
    org: Option<OrgId>,
    owner: Option<UserId>,
}

impl Home {
    async fn of(tx: &mut Tx, id: WorkspaceId) -> Result<Self> {
        let row = sqlx::query!("select org_id, owner_id from workspaces where id = $1", id.0)
            .fetch_optional(tx.connection())
            .await?
            .ok_or(Error::NotFound("workspace"))?;
        Ok(Self { org: row.org_id.map(OrgId), owner: row.owner_id.map(UserId) })
    }
}

/// Nobody shares with themselves, nor what is the other one's already.
fn person_of(actor: &Caller, home: &Home, id: UserId, nobody: impl Fn() -> Error) -> Result<Found> {
    let is_oneself = actor.person().is_some_and(|person| person.id == id);
    if is_oneself || home.owner == Some(id) {
        return Err(nobody());
    }
    Ok(Found::User(id))
}

fn organization(field: &str, found: Option<Uuid>) -> Result<Found> {
    let nowhere = || Error::invalid(field, "there is no such organization");
    found.map(|id| Found::Organization(OrgId(id))).ok_or_else(nowhere)
}

/// One that whoever shares sees, so that nobody finds out what there is by sharing with it.
async fn other_workspace(tx: &mut Tx, actor: &Caller, shared: WorkspaceId, id: WorkspaceId) -> Result<Found> {
    let nowhere = Error::invalid("workspace_id", "there is no such other workspace of an organization");
    let is_orgs = sqlx::query_scalar!(
        r#"select exists (select from workspaces where id = $1 and org_id is not null and deleting_at is null) as "is!""#,
        id.0
    )
    .fetch_one(tx.connection())
    .await?;
    let is_seen = tx.try_authorize::<workspace::View>(actor, id).await?.is_some();
    if id == shared || !is_orgs || !is_seen {
        return Err(nowhere);
    }
    Ok(Found::Workspace(id))
}
