//! Workspaces of organizations, and all that a person sees.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::workspace::{self, NewWorkspace, Workspace, WorkspaceFilter, WorkspaceUpdate};
use tenancy::{
    Action, Authorized, Caller, Request, Tx, Visibility, WorkspaceId, user_action, workspace_action as action,
};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Asker, Me, Origin};
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of workspaces.
    WorkspaceList { workspaces: Workspace }
);

/// A workspace to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWorkspace {
    /// Of which the organization has no other workspace.
    #[schema(example = "Research", min_length = 1, max_length = 200)]
    name: String,
    /// Who gets in without being added.
    #[serde(default = "open")]
    #[schema(default = "org")]
    visibility: Visibility,
}

fn open() -> Visibility {
    Visibility::Org
}

/// What is changed of a workspace; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWorkspace {
    /// Of which the organization has no other workspace.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Who gets in without being added.
    visibility: Option<Visibility>,
}

/// A transaction, and the proof that the caller may do this to the workspace in the path.
pub(super) async fn within<A: Action<Target = WorkspaceId>>(
    app: &App,
    request: Request,
    caller: &Caller,
    path: (OrgRef, WorkspaceId),
) -> Result<(Tx, Authorized<A>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<A>(&mut tx, caller, path).await?;
    Ok((tx, allowed))
}

/// The proof that the caller may do this to the workspace in the path.
pub(super) async fn authorize<A: Action<Target = WorkspaceId>>(
    tx: &mut Tx,
    caller: &Caller,
    (org, id): (OrgRef, WorkspaceId),
) -> Result<Authorized<A>, Problem> {
    let id = workspace::in_org(tx, org.of(caller)?, id).await?;
    Ok(tx.authorize::<A>(caller, id).await?)
}

/// List my workspaces
///
/// Every one that you see: your own, those of your organizations, and those that are shared with you.
#[utoipa::path(
    get, path = "/api/v1/workspaces", tag = "workspaces", params(Listing::<WorkspaceFilter>),
    responses((status = 200, description = "A page of workspaces", body = WorkspaceList)),
)]
pub(crate) async fn list_mine(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing<WorkspaceFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListOrgs>(&me.caller, me.id).await?;
    list.json(WorkspaceList::from(workspace::visible(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// List an organization's workspaces
///
/// Those that you see.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces", tag = "workspaces",
    params(("org_id" = OrgRef, Path, description = "The organization, or `current`"), Listing::<WorkspaceFilter>),
    responses((status = 200, description = "A page of workspaces", body = WorkspaceList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing<WorkspaceFilter>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, org).await?;
    list.json(WorkspaceList::from(workspace::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Make a workspace
///
/// You are its first admin.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces", tag = "workspaces", request_body = CreateWorkspace,
    params(("org_id" = OrgRef, Path, description = "The organization, or `current`"), Create::<CreateWorkspace>),
    responses(
        (status = 201, description = "The workspace", body = Workspace),
        (status = 409, description = "`name_taken`, or `limit_reached`, or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<CreateWorkspace>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    let create = async |tx: &mut Tx, body: CreateWorkspace| {
        let new = NewWorkspace { name: body.name, visibility: body.visibility };
        let allowed = tx.authorize::<action::Create>(&caller, org).await?;
        let workspace = workspace::create(tx, &allowed, &new).await?;
        Ok(Created::at(format!("/api/v1/orgs/{org}/workspaces/{}", workspace.id), workspace))
    };
    new.run(&app, request, &caller, create).await
}

/// See a workspace
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        Fields,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The workspace", body = Workspace, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    if_none_match: IfNoneMatch,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    let (mut tx, allowed) = within::<action::View>(&app, request, &caller, path).await?;
    let workspace = workspace::get(&mut tx, &allowed).await?;
    Ok(if_none_match.answer(Versioned::new(workspace.version, &query.json(workspace)?.0)?))
}

/// Change a workspace
///
/// One that is made private takes effect with the next decision. If nobody could manage it then, you become its admin.
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", tag = "workspaces",
    request_body = UpdateWorkspace,
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        IfMatch,
    ),
    responses(
        (status = 200, description = "The workspace as it is now", body = Workspace, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 409, description = "`name_taken`, or `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
    if_match: IfMatch,
    Json(body): Json<UpdateWorkspace>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::Update>(&app, request, &caller, path).await?;
    let seen = tx.authorize::<action::View>(&caller, *allowed.target()).await?;
    if_match.check(workspace::get(&mut tx, &seen).await?.version)?;
    let may_open = match body.visibility {
        Some(_) => Some(tx.authorize::<action::SetVisibility>(&caller, *allowed.target()).await?),
        None => None,
    };
    let update =
        WorkspaceUpdate { name: body.name.as_deref(), visibility: may_open.as_ref().zip(body.visibility) };
    let workspace = workspace::update(&mut tx, &allowed, update).await?;
    let answer = Versioned::new(workspace.version, &workspace)?;
    Ok((At(tx.commit().await?), answer))
}

/// Make a workspace the default
///
/// People come to it first; the one that was it, is it no more.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/default", tag = "workspaces",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
    ),
    responses((status = 200, description = "The workspace as it is now", body = Workspace)),
)]
pub(crate) async fn set_default(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, WorkspaceId)>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = within::<action::SetDefault>(&app, request, &caller, path).await?;
    let workspace = workspace::set_default(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(workspace)))
}
