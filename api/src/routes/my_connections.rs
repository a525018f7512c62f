//! Connections of people.

use axum::extract::State;
use axum::response::Response;
use tenancy::connection::{Connection, TestOutcome};
use tenancy::{ConnectionId, ConnectionOwner};

use super::connections::{
    ConnectionList, ConnectionsQuery, CreateConnection, CredentialsQuery, GiveCredentials, Place,
    UpdateConnection,
};
use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Me, Origin};
use crate::etag::{IfMatch, IfMatchHeader, IfNoneMatch, IfNoneMatchHeader};
use crate::idempotency::{Create, IdempotencyHeader};
use crate::list::FieldsQuery;
use crate::problem::Problem;

/// List my connections
#[utoipa::path(
    get, path = "/api/v1/me/connections", tag = "connections",
    params(
        ConnectionsQuery,
    ),
    responses(
        (status = 200, description = "A page of connections, by name", body = ConnectionList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such account", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Query(query): Query<ConnectionsQuery>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::User(me.id);
    Place { app, caller: me.caller, request, owner }.list(query).await
}

/// Create a connection of mine
///
/// The credentials are sealed, and shown to nobody. Whether they work, `test` says.
#[utoipa::path(
    post, path = "/api/v1/me/connections", tag = "connections", request_body = CreateConnection,
    params(
        IdempotencyHeader,
    ),
    responses(
        (status = 201, description = "The connection", body = Connection),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such account", body = Problem),
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
        FieldsQuery,
        IfNoneMatchHeader,
    ),
    responses(
        (status = 200, description = "The connection, without its credentials", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<ConnectionId>,
    if_none_match: IfNoneMatch,
    Query(fields): Query<FieldsQuery>,
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
        IfMatchHeader,
    ),
    responses(
        (status = 200, description = "The connection as it is now", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`in_use`: documents are stored there; `credentials_wanted`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
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
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
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
        IfMatchHeader,
    ),
    responses(
        (status = 200, description = "The connection as it is now", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`test_failed`: nothing was changed; `in_use`: documents are stored elsewhere; `contention`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
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
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`in_use`: documents are stored by it", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
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
