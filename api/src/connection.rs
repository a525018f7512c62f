//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use runtime::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service as _;

use crate::app::Limits;
use crate::pulse::{Pulse, Verdict, Watch};
use crate::stream::Stream;

/// Longest head of a request, in bytes.
const HEAD: u32 = 64 << 10;

/// Most requests at a time on an HTTP/2 connection.
const STREAMS: u32 = 256;

/// How often an HTTP/2 client is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// HTTP/1.1, or HTTP/2 if the client begins with it.
pub(crate) fn protocol() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Timeouts are the watch's: hyper would set a timer for each request.
    builder.http1().header_read_timeout(None).max_buf_size(HEAD as usize);
    // A client that resets streams faster than they are served is cut off by limits that hyper sets itself.
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// What every connection of a listener shares.
pub(crate) struct Setting {
    pub(crate) protocol: Builder<TokioExecutor>,
    pub(crate) router: Router,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
}

/// Serves a connection until it ends, is idle or silent for too long, or the process stops. Requests under way are
/// finished first.
pub(crate) async fn serve<R, W>(setting: Arc<Setting>, read: R, write: W, peer: Option<SocketAddr>)
where
    R: AsyncRead + Unpin + 'static,
    W: AsyncWrite + Unpin + 'static,
{
    let pulse = Arc::new(Pulse::default());
    let (stream, outbox) = Stream::new(read, write, &pulse);
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let beat = pulse.request();
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = setting.router.clone().call(request);
        async move {
            let answer = answer.await;
            drop(beat);
            answer
        }
    });
    let mut connection = pin!(setting.protocol.serve_connection(TokioIo::new(stream), service));
    let mut stopping = pin!(setting.shutdown.stopping());
    let mut watch = Watch::new(setting.limits.header_timeout, setting.limits.idle_timeout);
    let mut look = pin!(tokio::time::sleep(watch.every()));
    loop {
        let end = tokio::select! {
            biased;
            () = poll_fn(|cx| {
                if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke");
                    }
                    return Poll::Ready(());
                }
                // The protocol rests: what it wrote goes out.
                match outbox.poll_send(cx) {
                    Poll::Ready(Err(_)) => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            }) => return,
            () = stopping.as_mut(), if !watch.is_closing() => Verdict::Close,
            () = look.as_mut() => watch.look(&pulse),
        };
        match end {
            Verdict::Keep => {}
            Verdict::Close => {
                watch.closing();
                connection.as_mut().graceful_shutdown();
            }
            Verdict::Cut => return,
        }
        look.as_mut().reset(tokio::time::Instant::now() + watch.every());
    }
}
