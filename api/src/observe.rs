//! Gives each request its id, a span and its figures.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::response::Response;
use futures::future::BoxFuture;
use tower::{Layer, Service};
use tracing::Instrument as _;

use crate::app::App;
use crate::context::REQUEST_ID;
use crate::figures;

/// Around everything else.
#[derive(Debug, Clone)]
pub(crate) struct Observe(pub(crate) App);

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, app: self.0.clone() }
    }
}

/// What [`Observe`] makes of a service.
#[derive(Debug, Clone)]
pub(crate) struct Observed<S> {
    inner: S,
    app: App,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = Instant::now();
        let id = match request.headers().get(REQUEST_ID) {
            Some(given) if is_decent(given) => given.clone(),
            _ => self.app.request_ids.next(),
        };
        request.headers_mut().insert(REQUEST_ID, id.clone());
        let method = request.method().clone();
        // The pattern, not the path: ids in labels would make a time series of every resource.
        let route = request.extensions().get::<MatchedPath>().cloned();
        let span = tracing::info_span!(
            "request", %method, route = route.as_ref().map_or("", MatchedPath::as_str),
            request_id = id.to_str().unwrap_or_default(), status = tracing::field::Empty,
        );
        runtime::telemetry::continue_trace(&span, |name| {
            Some(request.headers().get(name)?.to_str().ok()?.to_owned())
        });
        let answer = self.inner.call(request).instrument(span.clone());
        Box::pin(async move {
            let mut response = answer.await?;
            let (status, elapsed) = (response.status().as_u16(), started.elapsed());
            span.record("status", status);
            span.in_scope(|| tracing::debug!(micros = u64::try_from(elapsed.as_micros()).ok(), "answered"));
            figures::count(route.as_ref().map_or("", MatchedPath::as_str), &method, status, elapsed);
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        })
    }
}

/// Printable and short: it is written to logs and to the audit log.
fn is_decent(id: &HeaderValue) -> bool {
    !id.is_empty() && id.len() <= 128 && id.as_bytes().iter().all(u8::is_ascii_graphic)
}
