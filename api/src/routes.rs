//! Every route, with the action that decides it.

mod authorize;
mod decisions;
mod health;
mod import;
mod keys;
mod policies;
mod resources;

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, BULK_LIMIT};
use crate::openapi::Document;

/// What decides a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An action of the policy folder.
    Action(&'static str),
    /// Nothing: it tells nothing of any tenant.
    Public,
}

use Access::{Action, Public};

/// Method, path, and what decides. A test compares this table with the routes that are served.
pub const TABLE: &[(&str, &str, Access)] = &[
    ("post", "/api/v1/authorize", Action("decision.ask")),
    ("post", "/api/v1/authorize/batch", Action("decision.ask")),
    ("get", "/api/v1/decisions", Action("decision.list")),
    ("get", "/api/v1/orgs/{org_id}/decisions", Action("decision.list")),
    ("get", "/api/v1/decisions/{decision_id}", Action("decision.list")),
    ("get", "/api/v1/keys", Action("key.list")),
    ("post", "/api/v1/keys", Action("key.create")),
    ("get", "/api/v1/orgs/{org_id}/keys", Action("key.list")),
    ("post", "/api/v1/orgs/{org_id}/keys", Action("key.create")),
    ("get", "/api/v1/keys/{key_id}", Action("key.view")),
    ("delete", "/api/v1/keys/{key_id}", Action("key.revoke")),
    ("post", "/api/v1/keys/{key_id}/rotate", Action("key.rotate")),
    ("get", "/api/v1/resources/{type}/{id}", Action("workspace.read_resources")),
    ("put", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("patch", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("delete", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("post", "/api/v1/resources/bulk", Action("workspace.write_resources")),
    ("post", "/api/v1/import", Action("platform.import")),
    ("get", "/api/v1/policies", Action("platform.view_policies")),
    ("get", "/healthz", Public),
    ("get", "/readyz", Public),
    ("get", "/metrics", Public),
];

/// The routes with their documentation.
pub(crate) fn routes() -> OpenApiRouter<App> {
    let bulk = OpenApiRouter::new()
        .routes(routes!(resources::bulk))
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(BULK_LIMIT));
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(authorize::authorize))
        .routes(routes!(authorize::batch))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::list_in_org))
        .routes(routes!(decisions::get))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::list_in_org, keys::create_in_org))
        .routes(routes!(keys::get, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(resources::get, resources::put, resources::patch, resources::delete))
        .merge(bulk)
        .routes(routes!(policies::get))
        .merge(operations())
}

/// The routes of every process, whatever else it does.
pub(crate) fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}
