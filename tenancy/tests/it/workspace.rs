//! Workspaces of organizations. What the tests below do to them, as the API does it.

mod limits;
mod managing;
mod members;
mod sharing;
mod viewing;

use tenancy::workspace::{self, NewWorkspace, Workspace, WorkspaceFilter, WorkspaceSort, WorkspaceUpdate};
use tenancy::workspace_member::{self, WorkspaceMember};
use tenancy::{
    Caller, Db, OrgId, Page, Person, Result, UserId, Visibility, WorkspaceId, WorkspaceRole,
    workspace_action as action,
};

use crate::support::request;

pub(crate) fn person(id: UserId) -> Caller {
    Caller::User(Person::without_session(id))
}

pub(crate) fn page() -> Page {
    Page::new(1, 100).unwrap()
}

pub(crate) fn all() -> WorkspaceFilter {
    WorkspaceFilter { visibility: None, search: None, sort: WorkspaceSort::Name }
}

pub(crate) async fn create(
    db: &Db,
    by: UserId,
    org: OrgId,
    name: &str,
    visibility: Visibility,
) -> Result<Workspace> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Create>(&person(by), org).await?;
    let new = NewWorkspace { name: name.to_owned(), visibility };
    let made = workspace::create(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(made)
}

pub(crate) async fn get(db: &Db, by: UserId, id: WorkspaceId) -> Result<Workspace> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::View>(&person(by), id).await?;
    workspace::get(&mut tx, &allowed).await
}

/// The names of the workspaces that somebody sees in an organization.
async fn names(db: &Db, by: UserId, org: OrgId, filter: &WorkspaceFilter, page: Page) -> Result<Vec<String>> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::List>(&person(by), org).await?;
    let listed = workspace::list(&mut tx, &allowed, filter, page).await?;
    Ok(listed.items.into_iter().map(|workspace| workspace.name).collect())
}

pub(crate) async fn update(
    db: &Db,
    by: UserId,
    id: WorkspaceId,
    name: Option<&str>,
    visibility: Option<Visibility>,
) -> Result<Workspace> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Update>(&person(by), id).await?;
    let proof = match visibility {
        Some(_) => Some(tx.authorize::<action::SetVisibility>(&person(by), id).await?),
        None => None,
    };
    let update = WorkspaceUpdate { name, visibility: proof.as_ref().zip(visibility) };
    let workspace = workspace::update(&mut tx, &allowed, update).await?;
    tx.commit().await?;
    Ok(workspace)
}

async fn set_default(db: &Db, by: UserId, id: WorkspaceId) -> Result<Workspace> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::SetDefault>(&person(by), id).await?;
    let workspace = workspace::set_default(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(workspace)
}

pub(crate) async fn delete(db: &Db, by: UserId, id: WorkspaceId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    tenancy::purge::delete_workspace(&mut tx, &person(by), id).await?;
    tx.commit().await.map(drop)
}

async fn members(db: &Db, by: UserId, id: WorkspaceId) -> Result<Vec<WorkspaceMember>> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::ListMembers>(&person(by), id).await?;
    Ok(workspace_member::list(&mut tx, &allowed, page()).await?.items)
}

async fn add(db: &Db, by: UserId, id: WorkspaceId, user: UserId, role: WorkspaceRole) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::AddMember>(&person(by), id).await?;
    workspace_member::add(&mut tx, &allowed, user, role).await?;
    tx.commit().await.map(drop)
}

async fn set_role(db: &Db, by: UserId, id: WorkspaceId, user: UserId, role: WorkspaceRole) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::SetMemberRole>(&person(by), id).await?;
    workspace_member::set_role(&mut tx, &allowed, user, role).await?;
    tx.commit().await.map(drop)
}

pub(crate) async fn remove(db: &Db, by: UserId, id: WorkspaceId, user: UserId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::RemoveMember>(&person(by), id).await?;
    workspace_member::remove(&mut tx, &allowed, user).await?;
    tx.commit().await.map(drop)
}

async fn leave(db: &Db, by: UserId, id: WorkspaceId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Leave>(&person(by), id).await?;
    workspace_member::leave(&mut tx, &allowed).await?;
    tx.commit().await.map(drop)
}
