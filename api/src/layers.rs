//! What happens to every request before and after its handler.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::context::REQUEST_ID;
use crate::idempotency::{KEY, REPLAYED};
use crate::observe::Observe;
use crate::problem::Problem;
use crate::revision::REVISION;

/// Wraps the routes, in one piece: the router makes a box for every layer that it is given by itself. The first is the
/// outermost.
pub(crate) fn wrap(router: Router, app: &App) -> Router {
    let (observe, guard) = (Observe(app.clone()), Guard(app.settings.request_timeout));
    let limit = DefaultBodyLimit::max(app.settings.body_limit);
    // Without origins nobody asks beforehand, and OPTIONS is a method like others.
    if app.settings.cors_origins.is_empty() {
        router.layer((observe, guard, limit))
    } else {
        router.layer((observe, cors(app), guard, limit))
    }
}

/// Makes sure of a decent answer within this time, whatever the handler does.
#[derive(Debug, Clone)]
struct Guard(Duration);

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, within: self.0 }
    }
}

/// What [`Guard`] makes of a service.
#[derive(Debug, Clone)]
struct Guarded<S> {
    inner: S,
    within: Duration,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let within = if moves_bytes(&request) { FOR_BYTES } else { self.within };
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        let answer = tokio::time::timeout(within, answer);
        Box::pin(async move {
            let response = match answer.await {
                Ok(Ok(Ok(response))) => response.into_response(),
                Ok(Err(_panic)) => Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "something went wrong on our side",
                )
                .into_response(),
                Err(_) => Problem::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    "timeout",
                    "the request took too long and was given up",
                )
                .into_response(),
            };
            let mut response = say_why(response);
            let headers = response.headers_mut();
            // What the API says is nobody's to keep.
            headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            Ok(response)
        })
    }
}

/// How long a document may be on its way through us. Nothing of it may come for a shorter time only.
const FOR_BYTES: Duration = Duration::from_secs(12 * 3600);

/// Whether it takes as long as a document is large.
fn moves_bytes(request: &Request) -> bool {
    let path = request.uri().path();
    let is_of_document =
        path.contains("/documents/") && (path.ends_with("/content") || path.ends_with("/complete"));
    is_of_document && path.starts_with("/api/v1/workspaces/") || path.starts_with("/api/v1/uploads/")
}

/// Makes a problem of an error that comes without a word.
fn say_why(response: Response) -> Response {
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

fn cors(app: &App) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        app.settings.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            REQUEST_ID,
            KEY,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
        ])
        .expose_headers([
            REQUEST_ID,
            HeaderName::from_static(REVISION),
            header::LOCATION,
            REPLAYED,
            header::ETAG,
            header::RETRY_AFTER,
        ])
}
