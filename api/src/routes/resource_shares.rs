//! With whom applications' resources are shared, and who has access to them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::resource::{self, Access};
use tenancy::share::{NewShare, Share};
use tenancy::workspace_action::{ReadResources, WriteResources};
use tenancy::{ShareId, Tx};
use utoipa::IntoParams;

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Listing, page};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::resources::{authorize, resource_id};
use crate::routes::shares::{CreateShare, ShareList};

page!(
    /// A page of those who have access.
    AccessList { access: Access }
);

/// Access to what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccessFilter {
    /// Only who may do this, such as `Docs::read`.
    action: Option<String>,
}

/// List the shares of a resource
#[utoipa::path(
    get, path = "/api/v1/resources/{type}/{id}/shares", tag = "resources",
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id"), Listing),
    responses((status = 200, description = "A page of shares", body = ShareList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id(path);
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<ReadResources>(&mut tx, &caller, &id).await?;
    list.json(ShareList::from(resource::shares(&mut tx, &allowed, &id, list.page).await?))
}

/// Share a resource
///
/// With a person, the members of an organization, or those of a workspace. Sharing again changes level and end. Whether
/// the person at the application may share it is for the application to ask.
#[utoipa::path(
    post, path = "/api/v1/resources/{type}/{id}/shares", tag = "resources", request_body = CreateShare,
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id"), Create::<CreateShare>),
    responses(
        (status = 201, description = "The share", body = Share),
        (status = 422, description = "Not valid, or there is no such grantee", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    new: Create<CreateShare>,
) -> Result<Response, Problem> {
    let id = resource_id(path);
    let create = async |tx: &mut Tx, body: CreateShare| {
        let new = NewShare::try_from(body)?;
        let allowed = authorize::<WriteResources>(tx, &caller, &id).await?;
        Ok(Created::new(resource::share(tx, &allowed, &id, &new).await?))
    };
    new.run(&app, request, &caller, create).await
}

/// End a share of a resource
#[utoipa::path(
    delete, path = "/api/v1/resources/{type}/{id}/shares/{share_id}", tag = "resources",
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id"),
           ("share_id" = ShareId, Path, description = "The share")),
    responses((status = 204, description = "Ended")),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((kind, id, share)): Path<(String, String, ShareId)>,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id((kind, id));
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<WriteResources>(&mut tx, &caller, &id).await?;
    resource::revoke_share(&mut tx, &allowed, &id, share).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// See who has access to a resource
///
/// As the policies answer now, for the owner, the members of workspace and organization, and those with whom the resource,
/// what it lies in, or its workspace is shared. A second factor is taken for not given.
#[utoipa::path(
    get, path = "/api/v1/resources/{type}/{id}/access", tag = "resources",
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id"), Listing::<AccessFilter>),
    responses((status = 200, description = "A page of people, with what they may do", body = AccessList)),
)]
pub(crate) async fn access(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    list: Listing<AccessFilter>,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id(path);
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<ReadResources>(&mut tx, &caller, &id).await?;
    let action = list.filter.action.as_deref();
    list.json(AccessList::from(resource::access(&mut tx, &allowed, &id, action, list.page).await?))
}
