//! Registered resources: objects of applications.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use tenancy::import::{self, ImportedResource};
use tenancy::resource::{self, MayWrite, NewResource, Resource, ResourcePatch, Written};
use tenancy::workspace_action::{ReadResources, WriteResources};
use tenancy::{Action, Authorized, Caller, Error, ResourceId, Tx, UserId, WorkspaceId};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query, Text};
use crate::context::{Asker, Origin};
use crate::list::Fields;
use crate::problem::Problem;
use crate::revision::At;

/// What changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchResource {
    /// The workspace that it will lie in.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    workspace_id: Option<WorkspaceId>,
    /// The person it will belong to; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<Option<UserId>>,
    /// Attributes by name; null takes one away.
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
    /// The resources that it will lie in.
    #[serde(default)]
    parents: Option<Vec<ResourceId>>,
}

/// Tells null from absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<UserId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// How many lines were written.
#[derive(Serialize, ToSchema)]
pub(crate) struct WrittenLines {
    /// Lines.
    pub(crate) written: usize,
}

pub(crate) fn resource_id((kind, id): (String, String)) -> ResourceId {
    ResourceId { kind, id }
}

/// Asks for `A` on the workspace that a resource lies in.
pub(crate) async fn authorize<A: Action<Target = WorkspaceId>>(
    tx: &mut Tx,
    caller: &Caller,
    id: &ResourceId,
) -> Result<Authorized<A>, Error> {
    let workspace = resource::locate(tx, caller, id).await?.ok_or(Error::NotFound("resource"))?;
    tx.authorize::<A>(caller, workspace).await.map_err(hide)
}

/// See a resource
#[utoipa::path(
    get, path = "/api/v1/resources/{type}/{id}", tag = "resources",
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id"), Fields),
    responses((status = 200, description = "The resource", body = Resource)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    Query(fields): Query<Fields>,
) -> Result<axum::Json<Value>, Problem> {
    let id = resource_id(path);
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<ReadResources>(&mut tx, &caller, &id).await?;
    fields.json(resource::get(&mut tx, &allowed, &id).await?)
}

/// Register a resource, or replace all that is said about it
#[utoipa::path(
    put, path = "/api/v1/resources/{type}/{id}", tag = "resources", request_body = NewResource,
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id, 1 to 512 characters")),
    responses(
        (status = 200, description = "Replaced", body = Resource),
        (status = 201, description = "Registered", body = Resource),
        (status = 404, description = "No such workspace, or the id is taken where the caller may not look", body = Problem),
        (status = 409, description = "Children would be left behind", body = Problem),
        (status = 422, description = "Not valid, or not as the type declares", body = Problem),
    ),
)]
pub(crate) async fn put(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    Json(body): Json<NewResource>,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id(path);
    let mut tx = app.db.begin(request).await?;
    let to = tx.authorize::<WriteResources>(&caller, body.workspace_id).await?;
    let from = match resource::locate(&mut tx, &caller, &id).await? {
        Some(lies_in) => Some(tx.authorize::<WriteResources>(&caller, lies_in).await.map_err(hide)?),
        None => None,
    };
    let (resource, written) =
        resource::put(&mut tx, MayWrite { to: &to, from: from.as_ref() }, &id, &body).await?;
    let status = match written {
        Written::Created => StatusCode::CREATED,
        Written::Replaced => StatusCode::OK,
    };
    Ok((status, At(tx.commit().await?), axum::Json(resource)))
}

/// Change a part of what is said about a resource
#[utoipa::path(
    patch, path = "/api/v1/resources/{type}/{id}", tag = "resources", request_body = PatchResource,
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id")),
    responses(
        (status = 200, description = "Changed", body = Resource),
        (status = 409, description = "Children would be left behind", body = Problem),
        (status = 422, description = "Not valid, or not as the type declares", body = Problem),
    ),
)]
pub(crate) async fn patch(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
    Json(body): Json<PatchResource>,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id(path);
    let patch = ResourcePatch {
        workspace_id: body.workspace_id,
        owner_id: body.owner_id,
        attributes: body.attributes,
        parents: body.parents,
    };
    let mut tx = app.db.begin(request).await?;
    let from = authorize::<WriteResources>(&mut tx, &caller, &id).await?;
    let to = match patch.workspace_id {
        Some(workspace) if workspace != *from.target() => {
            Some(tx.authorize::<WriteResources>(&caller, workspace).await?)
        }
        _ => None,
    };
    let may = MayWrite { to: to.as_ref().unwrap_or(&from), from: Some(&from) };
    let resource = resource::patch(&mut tx, may, &id, patch).await?;
    Ok((At(tx.commit().await?), axum::Json(resource)))
}

/// Take a resource, and the shares on it, out of the register
#[utoipa::path(
    delete, path = "/api/v1/resources/{type}/{id}", tag = "resources",
    params(("type" = String, Path, description = "`Resource` or an application's type"),
           ("id" = String, Path, description = "The application's id")),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "Other resources have it as their parent", body = Problem),
    ),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(path): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let id = resource_id(path);
    let mut tx = app.db.begin(request).await?;
    let allowed = authorize::<WriteResources>(&mut tx, &caller, &id).await?;
    resource::delete(&mut tx, &allowed, &id).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Register many resources
///
/// One JSON object a line: `type`, `id`, and what PUT takes. At most 1 000 lines; all of them, or none.
#[utoipa::path(
    post, path = "/api/v1/resources/bulk", tag = "resources",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "All written", body = WrittenLines),
        (status = 422, description = "None written; `fields` names the lines", body = Problem),
    ),
)]
pub(crate) async fn bulk(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Text(text): Text,
) -> Result<impl IntoResponse, Problem> {
    let lines: Vec<(usize, ImportedResource)> = import::parse(&text)?;
    let mut tx = app.db.begin(request).await?;
    let written = import::resources(&mut tx, &caller, &lines).await?;
    Ok((At(tx.commit().await?), axum::Json(json!({ "written": written }))))
}

/// What lies in a workspace that the caller may not know of is not there.
fn hide(error: Error) -> Error {
    match error {
        Error::NotFound(_) => Error::NotFound("resource"),
        other => other,
    }
}
