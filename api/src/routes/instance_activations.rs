//! What both sides of an organization say to its instances.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tenancy::instance::{self, Instance, Say};
use tenancy::{InstanceId, instance_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path};
use crate::context::{Asker, Origin};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

/// What a side of the organization says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetActivation {
    /// Whether it may work, as far as this side is concerned.
    active: bool,
}

impl From<SetActivation> for Say {
    fn from(body: SetActivation) -> Self {
        if body.active { Self::Yes } else { Self::No }
    }
}

/// Say yes or no to an instance for the technical side
#[utoipa::path(
    put, path = "/api/v1/orgs/{org_id}/instances/{instance_id}/technical", tag = "instances",
    request_body = SetActivation,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("instance_id" = InstanceId, Path, description = "The instance"),
    ),
    responses((status = 200, description = "The instance as it is now", body = Instance)),
)]
pub(crate) async fn set_technical(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InstanceId)>,
    Json(body): Json<SetActivation>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::SetTechnical>(&caller, id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    let instance = instance::set_technical(&mut tx, &allowed, body.into()).await?;
    Ok((At(tx.commit().await?), axum::Json(instance)))
}

/// Say yes or no to an instance for the economic side
#[utoipa::path(
    put, path = "/api/v1/orgs/{org_id}/instances/{instance_id}/economic", tag = "instances",
    request_body = SetActivation,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("instance_id" = InstanceId, Path, description = "The instance"),
    ),
    responses((status = 200, description = "The instance as it is now", body = Instance)),
)]
pub(crate) async fn set_economic(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InstanceId)>,
    Json(body): Json<SetActivation>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::SetEconomic>(&caller, id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    let instance = instance::set_economic(&mut tx, &allowed, body.into()).await?;
    Ok((At(tx.commit().await?), axum::Json(instance)))
}
