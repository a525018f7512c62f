//! Instances of organizations.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenancy::instance::{self, Instance, InstanceFilter, InstanceSort, InstanceUpdate, NewInstance};
use tenancy::{InstanceId, instance_action as action};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::body::{Json, Path, Query, present};
use crate::context::{Asker, Origin};
use crate::etag::{IfMatch, IfMatchHeader, IfNoneMatch, IfNoneMatchHeader, Versioned};
use crate::idempotency::{Create, Created, IdempotencyHeader};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

/// Which instances, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InstancesQuery {
    /// That work, or that wait for somebody.
    operational: Option<bool>,
    /// With this in their name, in whatever case.
    search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default = "by_name")]
    #[param(inline, default = "name")]
    sort: InstanceSort,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

fn by_name() -> InstanceSort {
    InstanceSort::Name
}

impl From<InstancesQuery> for (ListQuery, InstanceFilter) {
    fn from(query: InstancesQuery) -> Self {
        let InstancesQuery { operational, search, sort, page, limit, fields } = query;
        (ListQuery::new(page, limit, fields), InstanceFilter { operational, search, sort })
    }
}

/// A page of instances.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct InstanceList {
    instances: Vec<Instance>,
    #[serde(flatten)]
    page: PageView,
}

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
        InstancesQuery,
    ),
    responses((status = 200, description = "A page of instances", body = InstanceList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(query): Query<InstancesQuery>,
) -> Result<impl IntoResponse, Problem> {
    let (org, (query, filter)) = (org.of(&caller)?, query.into());
    let page = query.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, org).await?;
    query.json("instances", instance::list(&mut tx, &allowed, &filter, page).await?)
}

/// Create an instance
///
/// It works once the technical and the economic side of the organization have said yes.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/instances", tag = "instances", request_body = CreateInstance,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        IdempotencyHeader,
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
        FieldsQuery,
        IfNoneMatchHeader,
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
    Query(fields): Query<FieldsQuery>,
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
        IfMatchHeader,
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
