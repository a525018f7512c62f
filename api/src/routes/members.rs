//! Who belongs to an organization.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::membership::{self, Member, MemberFilter, role_context};
use tenancy::{Caller, MembershipId, OrgRole, UserId, member_action as member, membership_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of members.
    MemberList { members: Member }
);

/// A member to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddMember {
    /// Somebody with whom you share an organization, or who belonged to this one before. Everybody else is invited.
    user_id: UserId,
    role: OrgRole,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMember {
    role: OrgRole,
}

/// List members
///
/// By rank: owners, admins, managers, members.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/members", tag = "members",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Listing::<MemberFilter>),
    responses((status = 200, description = "A page of members", body = MemberList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing<MemberFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<member::List>(&caller, org.of(&caller)?).await?;
    list.json(MemberList::from(membership::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Add a member
///
/// Somebody whom you share an organization with, or who belonged to it before; everybody else is invited. Owners give any role, admins `admin` and `member`, managers `manager` and
/// `member`.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/members", tag = "members",
    request_body = AddMember,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Create::<AddMember>),
    responses(
        (status = 201, description = "The member", body = Member),
        (status = 409, description = "`already_member`, `account_closed` or `limit_reached`", body = Problem),
    ),
)]
pub(crate) async fn add(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<AddMember>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    new.run(&app, request, &caller, async |tx, body| {
        let allowed = tx.authorize_with::<member::Add>(&caller, org, role_context(body.role)).await?;
        let member = membership::add(tx, &allowed, body.user_id, body.role).await?;
        Ok(Created::at(format!("/api/v1/orgs/{org}/members/{}", member.user_id), member))
    })
    .await
}

/// See a member
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/members/{user_id}", tag = "members",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ("user_id" = UserId, Path, description = "The member"), Fields),
    responses((status = 200, description = "The member", body = Member)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, UserId)>,
    Query(query): Query<Fields>,
) -> Result<impl IntoResponse, Problem> {
    let id = membership_in(path, &caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::View>(&caller, id).await?;
    query.json(membership::get(&mut tx, &allowed).await?)
}

/// Change a member's role
///
/// Owners change any role to any; admins turn members into admins and back, managers members into managers and back;
/// nobody changes their own.
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}/members/{user_id}", tag = "members",
    request_body = UpdateMember,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ("user_id" = UserId, Path, description = "The member")),
    responses(
        (status = 200, description = "The member as it is now", body = Member),
        (status = 409, description = "`last_owner`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, UserId)>,
    Json(body): Json<UpdateMember>,
) -> Result<impl IntoResponse, Problem> {
    let id = membership_in(path, &caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize_with::<action::SetRole>(&caller, id, role_context(body.role)).await?;
    let member = membership::set_role(&mut tx, &allowed, body.role).await?;
    Ok((At(tx.commit().await?), axum::Json(member)))
}

/// Remove a member
///
/// Their roles in the organization's workspaces and what was shared with them there go too.
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/members/{user_id}", tag = "members",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ("user_id" = UserId, Path, description = "The member")),
    responses(
        (status = 204, description = "They belong to it no longer"),
        (status = 409, description = "`last_owner`", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, UserId)>,
) -> Result<impl IntoResponse, Problem> {
    let id = membership_in(path, &caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Remove>(&caller, id).await?;
    membership::remove(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Let a membership rest
///
/// The role is kept and gives nothing until the membership is resumed. Doing it twice is no error.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/members/{user_id}/suspend", tag = "members",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ("user_id" = UserId, Path, description = "The member")),
    responses(
        (status = 200, description = "The member as it is now", body = Member),
        (status = 409, description = "`last_owner`", body = Problem),
    ),
)]
pub(crate) async fn suspend(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, UserId)>,
) -> Result<impl IntoResponse, Problem> {
    let id = membership_in(path, &caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Suspend>(&caller, id).await?;
    let member = membership::suspend(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(member)))
}

/// Resume a membership
///
/// Doing it twice is no error.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/members/{user_id}/resume", tag = "members",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ("user_id" = UserId, Path, description = "The member")),
    responses((status = 200, description = "The member as it is now", body = Member)),
)]
pub(crate) async fn resume(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(OrgRef, UserId)>,
) -> Result<impl IntoResponse, Problem> {
    let id = membership_in(path, &caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Resume>(&caller, id).await?;
    let member = membership::resume(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(member)))
}

fn membership_in((org, user): (OrgRef, UserId), caller: &Caller) -> Result<MembershipId, Problem> {
    Ok(MembershipId { org: org.of(caller)?, user })
}
