//! Connections of organizations.

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
use crate::context::{Asker, Origin};
use crate::etag::{IfMatch, IfMatchHeader, IfNoneMatch, IfNoneMatchHeader};
use crate::idempotency::{Create, IdempotencyHeader};
use crate::list::FieldsQuery;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// List an organization's connections
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/connections", tag = "connections",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ConnectionsQuery,
    ),
    responses(
        (status = 200, description = "A page of connections, by name", body = ConnectionList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such organization", body = Problem),
        (status = 409, description = "`no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(query): Query<ConnectionsQuery>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.list(query).await
}

/// Create a connection of an organization
///
/// The credentials are sealed, and shown to nobody. Whether they work, `test` says.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/connections", tag = "connections", request_body = CreateConnection,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        IdempotencyHeader,
    ),
    responses(
        (status = 201, description = "The connection", body = Connection),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such organization", body = Problem),
        (status = 409, description = "`no_current_organization`", body = Problem),
        (status = 422, description = "Not valid; an address that may not be connected to; another one has this name", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<CreateConnection>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.create(new).await
}

/// See a connection of an organization
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/connections/{connection_id}", tag = "connections",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
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
        (status = 409, description = "`no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, ConnectionId)>,
    if_none_match: IfNoneMatch,
    Query(fields): Query<FieldsQuery>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.get(id, if_none_match, fields).await
}

/// Change a connection of an organization
///
/// Credentials are never sent to another address than they were given for: that is given with its credentials, by
/// `PUT …/credentials`.
#[utoipa::path(
    patch, path = "/api/v1/orgs/{org_id}/connections/{connection_id}", tag = "connections", request_body = UpdateConnection,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("connection_id" = ConnectionId, Path, description = "The connection"),
        IfMatchHeader,
    ),
    responses(
        (status = 200, description = "The connection as it is now", body = Connection, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`in_use`: documents are stored there; `credentials_wanted`, `no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, ConnectionId)>,
    if_match: IfMatch,
    Json(body): Json<UpdateConnection>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.update(id, if_match, body).await
}

/// Test a connection of an organization
///
/// Asks the provider, for 20 seconds at most. A bucket is written to, read, listed and cleared again.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/connections/{connection_id}/test", tag = "connections",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("connection_id" = ConnectionId, Path, description = "The connection"),
    ),
    responses(
        (status = 200, description = "Whether it works, and why not", body = TestOutcome),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn test(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, ConnectionId)>,
) -> Result<axum::Json<TestOutcome>, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.test(id).await
}

/// Give a connection of an organization other credentials
///
/// They are tried first, and kept only if they work, unless `test=false` says otherwise.
#[utoipa::path(
    put, path = "/api/v1/orgs/{org_id}/connections/{connection_id}/credentials", tag = "connections", request_body = GiveCredentials,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
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
        (status = 409, description = "`test_failed`: nothing was changed; `in_use`: documents are stored elsewhere; `contention`, `no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, ConnectionId)>,
    if_match: IfMatch,
    Query(query): Query<CredentialsQuery>,
    Json(body): Json<GiveCredentials>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.rotate(id, query.test, if_match, body).await
}

/// Delete a connection of an organization
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/connections/{connection_id}", tag = "connections",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        ("connection_id" = ConnectionId, Path, description = "The connection"),
    ),
    responses(
        (status = 204, description = "Deleted, with its credentials"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such connection", body = Problem),
        (status = 409, description = "`in_use`: documents are stored by it, `no_current_organization`", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, ConnectionId)>,
) -> Result<Response, Problem> {
    let owner = ConnectionOwner::Org(org.of(&caller)?);
    Place { app, caller, request, owner }.delete(id).await
}
