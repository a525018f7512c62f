//! Organizations, for those who belong to them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenancy::membership::{self, Member};
use tenancy::organization::{
    self, MyOrganization, NewOrganization, OrgFilter, OrganizationDetails, OrganizationUpdate,
};
use tenancy::{Address, Caller, Platform, Request, UserId, org_action as action, user_action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query, given, present};
use crate::context::{Asker, Me, Origin};
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of organizations.
    MyOrganizationList { organizations: MyOrganization }
);

/// An organization to be founded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganization {
    #[schema(example = "Acme", min_length = 1, max_length = 200)]
    name: String,
    /// Its short name in addresses; made of the name, if left out.
    #[schema(example = "acme", pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length = 64)]
    slug: Option<String>,
    /// Its name in full.
    #[schema(max_length = 200)]
    full_name: Option<String>,
    /// Where it is: an object of your own making, at most 4 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    address: Option<Map<String, Value>>,
    /// E.164.
    #[schema(example = "+4930123456")]
    phone: Option<String>,
    /// Where it is written to.
    organization_email: Option<Address>,
    /// Where its bills go.
    billing_email: Option<Address>,
    /// An object of your own making, at most 16 KiB of JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Map<String, Value>,
    #[schema(example = "#0a7cff", pattern = "^#[0-9A-Fa-f]{6}$")]
    sidebar_color: Option<String>,
}

impl From<CreateOrganization> for NewOrganization {
    fn from(body: CreateOrganization) -> Self {
        let CreateOrganization { name, slug, full_name, address, phone, .. } = body;
        let CreateOrganization { organization_email, billing_email, settings, sidebar_color, .. } = body;
        Self {
            name,
            slug,
            full_name,
            address,
            phone,
            organization_email,
            billing_email,
            settings,
            sidebar_color,
        }
    }
}

/// What to change; what is left out stays, and null takes away what can be missing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateOrganization {
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length = 64)]
    slug: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    full_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    address: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Address>)]
    organization_email: Option<Option<Address>>,
    /// For those who look after the money.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Address>)]
    billing_email: Option<Option<Address>>,
    /// Takes the place of all settings.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>, nullable = false)]
    settings: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, pattern = "^#[0-9A-Fa-f]{6}$")]
    sidebar_color: Option<Option<String>>,
}

/// Who is to own it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferOrganization {
    /// A member of it.
    user_id: UserId,
}

/// List my organizations
///
/// Also those where your membership rests: they have `suspended_at`.
#[utoipa::path(
    get, path = "/api/v1/orgs", tag = "orgs", params(Listing::<OrgFilter>),
    responses((status = 200, description = "A page of organizations", body = MyOrganizationList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing<OrgFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListOrgs>(&me.caller, me.id).await?;
    list.json(MyOrganizationList::from(organization::mine(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Found an organization
///
/// You are its owner, and the admin of its first workspace, `Default`. It begins with a trial of 30 days on the plan `free`.
#[utoipa::path(
    post, path = "/api/v1/orgs", tag = "orgs", request_body = CreateOrganization,
    params(Create::<CreateOrganization>),
    responses(
        (status = 201, description = "The organization", body = MyOrganization),
        (status = 409, description = "`slug_taken`", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    new: Create<CreateOrganization>,
) -> Result<Response, Problem> {
    new.run(&app, request, &me.caller, async |tx, body| {
        let allowed = tx.authorize::<action::Create>(&me.caller, Platform).await?;
        let mine = organization::create(tx, &allowed, &body.into()).await?;
        Ok(Created::at(format!("/api/v1/orgs/{}", mine.organization.id), mine))
    })
    .await
}

/// See an organization
///
/// `members`, `workspaces` and `wallet_balance` are null for whoever may not see them.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}", tag = "orgs",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Fields, IfNoneMatch),
    responses(
        (status = 200, description = "The organization", body = OrganizationDetails, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    if_none_match: IfNoneMatch,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    show(&app, request, &caller, org, &if_none_match, &query).await
}

/// See the organization that I work in
///
/// As `GET /orgs/{org_id}`.
#[utoipa::path(
    get, path = "/api/v1/orgs/current", tag = "context", params(Fields, IfNoneMatch),
    responses(
        (status = 200, description = "The organization", body = OrganizationDetails, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
        (status = 404, description = "It is there for you no more", body = Problem),
        (status = 409, description = "`no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn get_current(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    if_none_match: IfNoneMatch,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    show(&app, request, &caller, OrgRef::Current, &if_none_match, &query).await
}

async fn show(
    app: &App,
    request: Request,
    caller: &Caller,
    org: OrgRef,
    if_none_match: &IfNoneMatch,
    query: &Fields,
) -> Result<Response, Problem> {
    let org = org.of(caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::View>(caller, org).await?;
    let details = organization::details(&mut tx, &allowed).await?;
    let version = details.organization.organization.version;
    Ok(if_none_match.answer(Versioned::new(version, &query.json(details)?.0)?))
}

/// Change an organization
///
/// `billing_email` is the economic side's to change (`org.update_billing`), all else the technical side's (`org.update`).
/// Plan, subscription, wallet and members have routes of their own. With `If-Match`, only if nobody has changed it since.
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}", tag = "orgs", request_body = UpdateOrganization,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), IfMatch),
    responses(
        (status = 200, description = "The organization as it is now", body = MyOrganization, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 409, description = "`slug_taken`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    if_match: IfMatch,
    Json(body): Json<UpdateOrganization>,
) -> Result<Response, Problem> {
    change(&app, request, &caller, org, &if_match, body).await
}

/// Change the organization that I work in
///
/// As `PATCH /orgs/{org_id}`.
#[utoipa::path(
    patch, path = "/api/v1/orgs/current", tag = "context", request_body = UpdateOrganization, params(IfMatch),
    responses(
        (status = 200, description = "The organization as it is now", body = MyOrganization, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 404, description = "It is there for you no more", body = Problem),
        (status = 409, description = "`slug_taken`, or `no_current_organization`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
    ),
)]
pub(crate) async fn update_current(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    if_match: IfMatch,
    Json(body): Json<UpdateOrganization>,
) -> Result<Response, Problem> {
    change(&app, request, &caller, OrgRef::Current, &if_match, body).await
}

async fn change(
    app: &App,
    request: Request,
    caller: &Caller,
    org: OrgRef,
    if_match: &IfMatch,
    body: UpdateOrganization,
) -> Result<Response, Problem> {
    let org = org.of(caller)?;
    let (update, billing) = body.split();
    let mut tx = app.db.begin(request).await?;
    // The organization is kept still from the first of these on.
    let allowed = match &billing {
        Some(_) => Some(tx.authorize::<action::UpdateBilling>(caller, org).await?),
        None => None,
    };
    let is_billing_only = billing.is_some() && update == OrganizationUpdate::default();
    let profile = match is_billing_only {
        true => None,
        false => Some(tx.authorize::<action::Update>(caller, org).await?),
    };
    let seen = tx.authorize::<action::View>(caller, org).await?;
    let mut mine = organization::get(&mut tx, &seen).await?;
    if_match.check(mine.organization.version)?;
    if let Some(profile) = profile {
        mine = organization::update(&mut tx, &profile, update).await?;
    }
    if let (Some(allowed), Some(billing)) = (allowed, billing) {
        mine = organization::update_billing(&mut tx, &allowed, billing.as_ref()).await?;
    }
    let answer = Versioned::new(mine.organization.version, &mine)?;
    Ok((At(tx.commit().await?), answer).into_response())
}

impl UpdateOrganization {
    /// What the technical and what the economic side change.
    fn split(self) -> (OrganizationUpdate, Option<Option<Address>>) {
        let Self { name, slug, full_name, address, phone, organization_email, .. } = self;
        let Self { billing_email, settings, sidebar_color, .. } = self;
        let update = OrganizationUpdate {
            slug,
            name,
            full_name,
            address,
            phone,
            organization_email,
            settings,
            sidebar_color,
        };
        (update, billing_email)
    }
}

/// Make another member the owner
///
/// In your own place: you are an admin afterwards. Wants the password of the last ten minutes.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/transfer", tag = "orgs",
    request_body = TransferOrganization,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 200, description = "The new owner", body = Member),
        (status = 409, description = "`not_a_member`, or `account_closed`", body = Problem),
    ),
)]
pub(crate) async fn transfer(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<TransferOrganization>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Transfer>(&caller, org.of(&caller)?).await?;
    let owner = membership::transfer(&mut tx, &allowed, body.user_id).await?;
    Ok((At(tx.commit().await?), axum::Json(owner)))
}

/// Leave an organization
///
/// Your roles in its workspaces and what was shared with you there go too, and do not come back with you.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/leave", tag = "orgs",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 204, description = "You belong to it no longer"),
        (status = 409, description = "`last_owner`; or `last_member`: nobody else belongs to it", body = Problem),
    ),
)]
pub(crate) async fn leave(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Leave>(&caller, org.of(&caller)?).await?;
    membership::leave(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
