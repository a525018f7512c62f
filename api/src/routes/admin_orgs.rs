//! Organizations, for those who look after the platform: metadata, and never what is in them.

use axum::extract::State;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenancy::organization::{self, OrgFilter, Organization};
use tenancy::{OrgId, Platform, SubscriptionStatus, Tx, org_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, OptionalJson, Path};
use crate::context::{Asker, Origin};
use crate::list::{Listing, page};
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of organizations.
    OrganizationList { organizations: Organization }
);

/// Another plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPlan {
    /// One of plans.json.
    #[schema(example = "pro")]
    plan: String,
}

/// Another state of the subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetSubscription {
    /// `trial`, `active` or `cancelled`; suspending has a route of its own.
    subscription_status: SubscriptionStatus,
    /// Another end of the trial.
    trial_ends_at: Option<DateTime<Utc>>,
}

/// Why an organization is stopped.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendOrganization {
    /// In your words; stands in the organization's audit log.
    #[schema(max_length = 256)]
    reason: Option<String>,
}

/// List all organizations
#[utoipa::path(
    get, path = "/api/v1/admin/orgs", tag = "admin", params(Listing::<OrgFilter>),
    responses((status = 200, description = "A page of organizations", body = OrganizationList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing<OrgFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    list.json(OrganizationList::from(organization::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Put an organization on another plan
///
/// What it has stays, also where the plan allows less. Its owners get a mail.
#[utoipa::path(
    put, path = "/api/v1/admin/orgs/{org_id}/plan", tag = "admin", request_body = SetPlan,
    params(("org_id" = OrgId, Path, description = "The organization")),
    responses((status = 200, description = "The organization as it is now", body = Organization)),
)]
pub(crate) async fn set_plan(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgId>,
    Json(body): Json<SetPlan>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::SetPlan>(&caller, org).await?;
    let organization = organization::set_plan(&mut tx, &allowed, &body.plan).await?;
    done(tx, organization).await
}

/// Change the state of an organization's subscription
///
/// Its owners get a mail.
#[utoipa::path(
    put, path = "/api/v1/admin/orgs/{org_id}/subscription", tag = "admin",
    request_body = SetSubscription,
    params(("org_id" = OrgId, Path, description = "The organization")),
    responses(
        (status = 200, description = "The organization as it is now", body = Organization),
        (status = 409, description = "`organization_suspended`: resume it first", body = Problem),
    ),
)]
pub(crate) async fn set_subscription(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgId>,
    Json(body): Json<SetSubscription>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::SetSubscription>(&caller, org).await?;
    let (status, end) = (body.subscription_status, body.trial_ends_at);
    let organization = organization::set_subscription(&mut tx, &allowed, status, end).await?;
    done(tx, organization).await
}

/// Suspend an organization
///
/// It is read-only until it is resumed. Its owners get a mail.
#[utoipa::path(
    post, path = "/api/v1/admin/orgs/{org_id}/suspend", tag = "admin",
    request_body = Option<SuspendOrganization>,
    params(("org_id" = OrgId, Path, description = "The organization")),
    responses(
        (status = 200, description = "The organization as it is now", body = Organization),
        (status = 409, description = "`organization_suspended`", body = Problem),
    ),
)]
pub(crate) async fn suspend(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgId>,
    OptionalJson(body): OptionalJson<SuspendOrganization>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Suspend>(&caller, org).await?;
    let organization = organization::suspend(&mut tx, &allowed, body.reason.as_deref()).await?;
    done(tx, organization).await
}

/// Resume an organization
///
/// As it was before it was suspended. Its owners get a mail.
#[utoipa::path(
    post, path = "/api/v1/admin/orgs/{org_id}/resume", tag = "admin",
    params(("org_id" = OrgId, Path, description = "The organization")),
    responses(
        (status = 200, description = "The organization as it is now", body = Organization),
        (status = 409, description = "`organization_not_suspended`", body = Problem),
    ),
)]
pub(crate) async fn resume(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Resume>(&caller, org).await?;
    let organization = organization::resume(&mut tx, &allowed).await?;
    done(tx, organization).await
}

async fn done(tx: Tx, organization: Organization) -> Result<impl IntoResponse, Problem> {
    Ok((At(tx.commit().await?), axum::Json(organization)))
}
