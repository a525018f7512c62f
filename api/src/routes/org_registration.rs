//! Registering an organization together with its first owner.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tenancy::organization::{self, Founder, MyOrganization};
use tenancy::user::Profile;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::client_address::ClientAddress;
use crate::context::{FromUs, Origin};
use crate::problem::Problem;
use crate::routes::auth::Register;
use crate::routes::orgs::CreateOrganization;
use crate::routes::sessions::{Delivery, TokensView, device, put};
use crate::throttle;

/// An organization with its first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterOrganization {
    organization: CreateOrganization,
    user: Register,
    #[serde(default)]
    delivery: Delivery,
}

/// What was registered, and the owner's session in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredOrganization {
    organization: MyOrganization,
    user: Profile,
    tokens: TokensView,
}

/// Register an organization
///
/// With its first owner, who is signed in at once and has to confirm the address before doing anything else. If the address
/// has an account already, its owner gets a mail instead, nothing is registered, and the answer looks the same.
#[utoipa::path(
    post, path = "/api/v1/orgs/register", tag = "orgs",
    request_body = RegisterOrganization,
    responses(
        (status = 201, description = "The organization, its owner, and a session", body = RegisteredOrganization),
        (status = 403, description = "`cross_origin`: a session in a cookie is for our own pages", body = Problem),
        (status = 409, description = "`slug_taken`", body = Problem),
        (status = 429, description = "Too many registrations from this address", body = Problem),
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    from_us: FromUs,
    headers: HeaderMap,
    Json(body): Json<RegisterOrganization>,
) -> Result<impl IntoResponse, Problem> {
    let RegisterOrganization { organization, user, delivery } = body;
    if delivery == Delivery::Cookie {
        from_us.check()?;
    }
    throttle::registration(&app, client).await?;
    let device = device(&request, &headers);
    let founder = Founder { registration: user.into(), device };
    let founded = organization::register(&app.db, request, &founder, &organization.into()).await?;
    let tokens = app.db.sign_draft(founded.tokens).await?;
    let (cookies, tokens) = put(&app, &tokens, delivery);
    let registered =
        RegisteredOrganization { organization: founded.organization, user: founded.user, tokens };
    Ok((StatusCode::CREATED, cookies, axum::Json(registered)))
}
