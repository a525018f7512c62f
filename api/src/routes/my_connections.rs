//! Connections of people.

use axum::extract::State;
use axum::response::Response;
use tenancy::connection::{Connection, ConnectionFilter, TestOutcome};
use tenancy::{ConnectionId, ConnectionOwner};

use super::connections::{
    ConnectionList, CreateConnection, CredentialsQuery, GiveCredentials, Place, UpdateConnection,
};
use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Me, Origin};
use crate::etag::{IfMatch, IfNoneMatch};
use crate::idempotency::Create;
use crate::list::{Fields, Listing};
use crate::problem::Problem;

/// List my connections
#[utoipa::path(
    get, path = "/api/v1/me/connections", tag = "connections",
    params(
        Listing::<ConnectionFilter>,
    ),
    responses(
        (status = 200, description = "A page of connections, by name", body = ConnectionList),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing<ConnectionFilter>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.list(list).await
}

/// Create a connection of mine
///
/// The credentials are sealed, and shown to nobody. Whether they work, `test` says.
#[utoipa::path(
    post, path = "/api/v1/me/connections", tag = "connections", request_body = CreateConnection,
    params(
        Create::<CreateConnection>,
    ),
    responses(
        (status = 201, description = "The connection", body = Connection),
        (status = 422, description = "Not valid; an address that may not be connected to; another one has this name", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    new: Create<CreateConnection>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.create(new).await
}

/// See a connection of mine
#[utoipa::path(
    get, path = "/api/v1/me/connections/{connection_id}", tag = "connections",
    params(
        ("connection_id" = ConnectionId, Path, description = "The connection"),
        Fields,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The connection, without its credentials", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
    if_none_match: IfNoneMatch,
    Query(fields): Query<Fields>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.get(id, if_none_match, fields).await
}

/// Change a connection of mine
///
/// Credentials are never sent to another address than they were given for: that is given with its credentials, by
/// `PUT …/credentials`.
#[utoipa::path(
    patch, path = "/api/v1/me/connections/{connection_id}", tag = "connections", request_body = UpdateConnection,
    params(
        ("connection_id" = ConnectionId, Path, description = "The connection"),
        IfMatch,
    ),
    responses(
        (status = 200, description = "The connection as it is now", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 409, description = "`in_use`: documents are stored there; `credentials_wanted`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
    if_match: IfMatch,
    Json(body): Json<UpdateConnection>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.update(id, if_match, body).await
}

/// Test a connection of mine
///
/// Asks the provider, for 20 seconds at most. A bucket is written to, read, listed and cleared again.
#[utoipa::path(
    post, path = "/api/v1/me/connections/{connection_id}/test", tag = "connections",
    params(
        ("connection_id" = ConnectionId, Path, description = "The connection"),
    ),
    responses(
        (status = 200, description = "Whether it works, and why not", body = TestOutcome),
    ),
)]
pub(crate) async fn test(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
) -> Result<axum::Json<TestOutcome>, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.test(id).await
}

/// Give a connection of mine other credentials
///
/// They are tried first, and kept only if they work, unless `test=false` says otherwise.
#[utoipa::path(
    put, path = "/api/v1/me/connections/{connection_id}/credentials", tag = "connections", request_body = GiveCredentials,
    params(
        ("connection_id" = ConnectionId, Path, description = "The connection"),
        CredentialsQuery,
        IfMatch,
    ),
    responses(
        (status = 200, description = "The connection as it is now", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 409, description = "`test_failed`: nothing was changed; `in_use`: documents are stored elsewhere; `contention`", body = Problem),
    ),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
    if_match: IfMatch,
    Query(query): Query<CredentialsQuery>,
    Json(body): Json<GiveCredentials>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.rotate(id, query.test, if_match, body).await
}

/// Delete a connection of mine
#[utoipa::path(
    delete, path = "/api/v1/me/connections/{connection_id}", tag = "connections",
    params(
        ("connection_id" = ConnectionId, Path, description = "The connection"),
    ),
    responses(
        (status = 204, description = "Deleted, with its credentials"),
        (status = 409, description = "`in_use`: documents are stored by it", body = Problem),
    ),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.delete(id).await
}
