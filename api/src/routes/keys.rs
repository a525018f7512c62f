//! API keys.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::api_key::{self, ApiKey, NewApiKey, Scope};
use tenancy::{ApiKeyId, Caller, KeyOwner, Request, Token, Tx, key};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKey {
    /// What people call it, 1 to 100 characters.
    #[schema(example = "billing service", min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<String>, example = json!(["authorize", "resources:write"]))]
    scopes: Vec<Scope>,
    /// When it stops working; never, if left out.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl From<CreateApiKey> for NewApiKey {
    fn from(body: CreateApiKey) -> Self {
        Self { name: body.name, scopes: body.scopes, expires_at: body.expires_at }
    }
}

page!(
    /// A page of keys.
    ApiKeyList { keys: ApiKey }
);

/// A key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyWithToken {
    #[serde(flatten)]
    key: ApiKey,
    /// The secret. It cannot be shown again.
    token: String,
}

impl ApiKeyWithToken {
    fn new(key: ApiKey, token: &Token) -> Self {
        Self { key, token: token.reveal().to_owned() }
    }
}

/// Create a platform key
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys", request_body = CreateApiKey, params(Create::<CreateApiKey>),
    responses((status = 201, description = "The key, and for this once its secret", body = ApiKeyWithToken)),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    new: Create<CreateApiKey>,
) -> Result<Response, Problem> {
    create_for(&app, &caller, request, KeyOwner::Platform, new).await
}

/// Create an organization's key
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/keys", tag = "keys", request_body = CreateApiKey,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Create::<CreateApiKey>),
    responses((status = 201, description = "The key, and for this once its secret", body = ApiKeyWithToken)),
)]
pub(crate) async fn create_in_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<CreateApiKey>,
) -> Result<Response, Problem> {
    create_for(&app, &caller, request, KeyOwner::Org(org.of(&caller)?), new).await
}

async fn create_for(
    app: &App,
    caller: &Caller,
    request: Request,
    owner: KeyOwner,
    new: Create<CreateApiKey>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: CreateApiKey| {
        let new = NewApiKey::from(body);
        let allowed = tx.authorize_with::<key::Create>(caller, owner, new.context()).await?;
        let (key, token) = api_key::create(tx, allowed, &new).await?;
        let location = format!("/api/v1/keys/{}", key.id);
        Ok(Created::at(location, ApiKeyWithToken::new(key, &token)))
    };
    new.run(app, request, caller, create).await
}

/// List the platform's keys
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys", params(Listing),
    responses((status = 200, description = "A page of keys, newest first", body = ApiKeyList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing,
) -> Result<axum::Json<Value>, Problem> {
    list_of(&app, &caller, request, KeyOwner::Platform, &list).await
}

/// List an organization's keys
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/keys", tag = "keys",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Listing),
    responses((status = 200, description = "A page of keys, newest first", body = ApiKeyList)),
)]
pub(crate) async fn list_in_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing,
) -> Result<axum::Json<Value>, Problem> {
    list_of(&app, &caller, request, KeyOwner::Org(org.of(&caller)?), &list).await
}

async fn list_of(
    app: &App,
    caller: &Caller,
    request: Request,
    owner: KeyOwner,
    list: &Listing,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<key::List>(caller, owner).await?;
    list.json(ApiKeyList::from(api_key::list(&mut tx, &allowed, list.page).await?))
}

/// See a key
#[utoipa::path(
    get, path = "/api/v1/keys/{key_id}", tag = "keys",
    params(("key_id" = Uuid, Path, description = "The key"), Fields),
    responses((status = 200, description = "The key", body = ApiKey)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<ApiKeyId>,
    Query(fields): Query<Fields>,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<key::View>(&caller, id).await?;
    fields.json(api_key::get(&mut tx, &allowed).await?)
}

/// Give a key a new secret
///
/// The old secret stops working at once.
#[utoipa::path(
    post, path = "/api/v1/keys/{key_id}/rotate", tag = "keys",
    params(("key_id" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, description = "The key, and for this once its new secret", body = ApiKeyWithToken),
        (status = 409, description = "The key is revoked", body = Problem),
    ),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<ApiKeyId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<key::Rotate>(&caller, id).await?;
    let (key, token) = api_key::rotate(&mut tx, allowed).await?;
    let revision = tx.commit().await?;
    Ok((At(revision), axum::Json(ApiKeyWithToken::new(key, &token))))
}

/// Revoke a key
///
/// It stops working at once and for good. The row stays, so that the audit log can be read.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key_id}", tag = "keys",
    params(("key_id" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "Revoked, now or before")),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<ApiKeyId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<key::Revoke>(&caller, id).await?;
    api_key::revoke(&mut tx, allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
