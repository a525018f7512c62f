//! Every route, with the action that decides it.

mod admin_queue;
mod audit;
mod audit_export;
mod authorize;
mod decisions;
mod health;
mod import;
mod job_kinds;
mod keys;
mod mail;
mod policies;
mod queue;
mod resources;
mod stats;

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
    ("get", "/api/v1/queue/jobs", Action("job.list")),
    ("delete", "/api/v1/queue/jobs", Action("job.remove")),
    ("get", "/api/v1/queue/jobs/{job_id}", Action("job.list")),
    ("post", "/api/v1/queue/jobs/{job_id}/cancel", Action("job.cancel")),
    ("post", "/api/v1/queue/jobs/{job_id}/retry", Action("job.retry")),
    ("get", "/api/v1/admin/queue", Action("platform.view_queue")),
    ("get", "/api/v1/admin/queue/schedules", Action("platform.view_queue")),
    ("get", "/api/v1/admin/queue/jobs", Action("platform.view_queue")),
    ("delete", "/api/v1/admin/queue/jobs", Action("platform.manage_queue")),
    ("get", "/api/v1/admin/queue/jobs/{job_id}", Action("platform.view_queue")),
    ("post", "/api/v1/admin/queue/jobs/{job_id}/cancel", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/jobs/{job_id}/retry", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/pause", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/resume", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/retry", Action("platform.manage_queue")),
    ("get", "/api/v1/admin/audit", Action("platform.view_audit")),
    ("get", "/api/v1/admin/audit/export", Action("platform.view_audit")),
    ("get", "/api/v1/orgs/{org_id}/audit", Action("org.view_audit")),
    ("get", "/api/v1/orgs/{org_id}/audit/export", Action("org.view_audit")),
    ("get", "/api/v1/admin/stats", Action("platform.view_stats")),
    ("post", "/api/v1/admin/mail/test", Action("platform.send_test_mail")),
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
        .routes(routes!(queue::list, queue::remove))
        .routes(routes!(queue::get))
        .routes(routes!(queue::cancel))
        .routes(routes!(queue::retry))
        .routes(routes!(job_kinds::stats))
        .routes(routes!(job_kinds::schedules))
        .routes(routes!(admin_queue::list, admin_queue::remove))
        .routes(routes!(admin_queue::get))
        .routes(routes!(admin_queue::cancel))
        .routes(routes!(admin_queue::retry))
        .routes(routes!(job_kinds::pause))
        .routes(routes!(job_kinds::resume))
        .routes(routes!(job_kinds::retry_dead))
        .routes(routes!(mail::test))
        .routes(routes!(audit::list))
        .routes(routes!(audit_export::export))
        .routes(routes!(audit::list_in_org))
        .routes(routes!(audit_export::export_of_org))
        .routes(routes!(stats::get))
        .merge(operations())
}

/// The routes of every process, whatever else it does.
pub(crate) fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}
