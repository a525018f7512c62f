//! What happens to every request before and after its handler.

use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument as _;

use crate::app::App;
use crate::context::REQUEST_ID;
use crate::problem::Problem;
use crate::revision::REVISION;

/// Wraps the routes. The last layer added is the first one that a request meets.
pub(crate) fn wrap(router: Router, app: &App) -> Router {
    let router = router
        .layer(DefaultBodyLimit::max(app.settings.body_limit))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
                .into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), within_time))
        .layer(middleware::from_fn(no_store))
        .layer(middleware::from_fn(say_why));
    // Without origins nobody asks beforehand, and OPTIONS is a method like others.
    let router = if app.settings.cors_origins.is_empty() { router } else { router.layer(cors(app)) };
    router.layer(middleware::from_fn_with_state(app.clone(), observe))
}

/// Makes a problem of an error that comes without a word.
async fn say_why(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error()
        || response.headers().contains_key(header::CONTENT_TYPE)
    {
        return response;
    }
    let code = if status == StatusCode::NOT_FOUND { "no_such_route" } else { "refused" };
    let said = Problem::new(status, code, status.canonical_reason().unwrap_or("refused")).into_response();
    let (mut parts, body) = said.into_parts();
    parts.headers.extend(response.headers().clone());
    Response::from_parts(parts, body)
}

/// Gives each request its id, a span and its figures.
async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = match request.headers().get(REQUEST_ID) {
        Some(given) if is_decent(given) => given.clone(),
        _ => {
            let made =
                app.random.bytes::<16>().iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
            HeaderValue::try_from(made).unwrap_or_else(|_| HeaderValue::from_static(""))
        }
    };
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let method = request.method().clone();
    // The pattern, not the path: ids in labels would make a time series of every resource.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request", %method, route, request_id = id.to_str().unwrap_or_default(), status = tracing::field::Empty,
    );
    runtime::telemetry::continue_trace(&span, |name| {
        Some(request.headers().get(name)?.to_str().ok()?.to_owned())
    });
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("status", status);
    span.in_scope(|| tracing::debug!(micros = u64::try_from(started.elapsed().as_micros()).ok(), "answered"));
    let labels = [("method", known(&method).to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("doorward_http_requests_total", &labels).increment(1);
    metrics::histogram!("doorward_http_request_seconds", &labels[..2]).record(started.elapsed());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A method as a label: clients may make up others, and each would be a time series of its own.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::HEAD
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

/// Printable and short: it is written to logs and to the audit log.
fn is_decent(id: &HeaderValue) -> bool {
    !id.is_empty() && id.len() <= 128 && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

async fn within_time(State(app): State<App>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.settings.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "the request took too long and was given up")
                .into_response()
        }
    }
}

/// What the API says is nobody's to keep.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn cors(app: &App) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        app.settings.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
        .expose_headers([REQUEST_ID, HeaderName::from_static(REVISION), header::LOCATION])
}
