//! Instances of organizations.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::instance::{self, Instance, InstanceFilter, InstanceUpdate, NewInstance};
use tenancy::{InstanceId, instance_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query, present};
use crate::context::{Asker, Origin};
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of instances.
    InstanceList { instances: Instance }
);

/// An instance to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateInstance {
    /// What people call it: one of each name in an organization.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it is for.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Whether it has machines of its own, which not every plan has. It stays as it is.
    #[serde(default)]
    is_dedicated: bool,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateInstance {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What it is for; null: nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Option<Option<String>>,
}

/// List an organization's instances
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/instances", tag = "instances",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        Listing::<InstanceFilter>,
    ),
    responses((status = 200, description = "A page of instances", body = InstanceList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing<InstanceFilter>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, org).await?;
    list.json(InstanceList::from(instance::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Create an instance
///
/// It works once the technical and the economic side of the organization have said yes.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/instances", tag = "instances", request_body = CreateInstance,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        Create::<CreateInstance>,
    ),
    responses(
        (status = 201, description = "The instance", body = Instance),
        (status = 403, description = "Not allowed; `plan_lacks_feature`: no dedicated ones in this plan", body = Problem),
        (status = 422, description = "Not valid, or another one has this name", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<CreateInstance>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    new.run(&app, request, &caller, async |tx, body| {
        let CreateInstance { name, description, is_dedicated } = body;
        let new = NewInstance { name, description, is_dedicated };
        let allowed = tx.authorize_with::<action::Create>(&caller, org, new.context()).await?;
        let instance = instance::create(tx, &allowed, &new).await?;
        Ok(Created::at(format!("/api/v1/orgs/{org}/instances/{}", instance.id), instance))
    })
    .await
}

/// See an instance
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/instances/{instance_id}", tag = "instances",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("instance_id" = InstanceId, Path, description = "The instance"),
        Fields,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The instance, and whose yes it waits for", body = Instance, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InstanceId)>,
    if_none_match: IfNoneMatch,
    Query(fields): Query<Fields>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::View>(&caller, id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    let instance = instance::instance(&mut tx, &allowed).await?;
    Ok(if_none_match.answer(Versioned::new(instance.version, &fields.json(instance)?.0)?))
}

/// Change an instance
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}/instances/{instance_id}", tag = "instances", request_body = UpdateInstance,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("instance_id" = InstanceId, Path, description = "The instance"),
        IfMatch,
    ),
    responses(
        (status = 200, description = "The instance as it is now", body = Instance, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "Not valid, or another one has this name", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InstanceId)>,
    if_match: IfMatch,
    Json(body): Json<UpdateInstance>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let update = InstanceUpdate { name: body.name, description: body.description };
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Update>(&caller, id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    let seen = tx.authorize::<action::View>(&caller, id).await?;
    if_match.check(instance::instance(&mut tx, &seen).await?.version)?;
    let instance = instance::update(&mut tx, &allowed, &update).await?;
    let answer = Versioned::new(instance.version, &instance)?;
    Ok((At(tx.commit().await?), answer))
}

/// Delete an instance
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/instances/{instance_id}", tag = "instances",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("instance_id" = InstanceId, Path, description = "The instance"),
    ),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InstanceId)>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Delete>(&caller, id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    instance::delete(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
