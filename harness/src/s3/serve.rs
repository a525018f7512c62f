//! Connections, and what happens to answers on their way.

use std::cell::RefCell;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};

use super::Shared;
use super::faults::{Fault, Faults, State};
use super::guard::{FAULT, Gate, Hosts, Keys};
use super::operations::Provider;

/// Everything behind HTTP.
pub(super) fn service(shared: Arc<Shared>) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Provider(Arc::clone(&shared)));
    builder.set_auth(Keys(Arc::clone(&shared)));
    builder.set_access(Gate(shared));
    builder.set_host(Hosts);
    builder.build()
}

/// Serves connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, service: S3Service, faults: Arc<Faults>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        if faults.state() == State::Down {
            continue;
        }
        let (service, faults) = (service.clone(), Arc::clone(&faults));
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let (service, faults) = (service.clone(), Arc::clone(&faults));
                FAULT.scope(RefCell::new(None), async move { answer(&service, &faults, request).await })
            });
            // A connection that breaks has ended, whoever broke it.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// An error here ends the connection without an answer.
async fn answer(
    service: &S3Service,
    faults: &Faults,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    match faults.state() {
        State::Up => {}
        State::Down => return Err(io::ErrorKind::ConnectionReset.into()),
        State::Silent => std::future::pending().await,
    }
    let answer = service
        .call(request.map(Body::from))
        .await
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    match FAULT.with(RefCell::take) {
        None | Some(Fault::Status(_) | Fault::Hang) => Ok(answer),
        Some(Fault::Lost) => Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::Answer(status, body)) => {
            let mut replaced = Response::new(Body::from(body));
            *replaced.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
            Ok(replaced)
        }
        Some(Fault::Redirect(to)) => {
            let mut elsewhere = Response::new(Body::from(String::new()));
            *elsewhere.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            elsewhere.headers_mut().insert(LOCATION, HeaderValue::from_str(&to).map_err(io::Error::other)?);
            Ok(elsewhere)
        }
    }
}
