//! How the process is, for whoever watches it.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use runtime::health::Status;

use crate::app::App;

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")),
)]
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Whether the process can serve, part by part
///
/// `degraded` parts are for people to look at; only a `failed` part makes it 503.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses(
        (status = 200, description = "It can", content_type = "application/json"),
        (status = 503, description = "It cannot; the body says why", content_type = "application/json"),
    ),
)]
pub(crate) async fn readyz(State(app): State<App>) -> impl IntoResponse {
    let report = app.health.report();
    let status =
        if report.status == Status::Failed { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, axum::Json(report))
}

/// Figures for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain")),
)]
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let is_broken = app.db.policies().status().broken.is_some();
    metrics::gauge!("doorward_policies_broken").set(if is_broken { 1.0 } else { 0.0 });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}
