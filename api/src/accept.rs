//! Taking connections.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use runtime::Shutdown;
use tokio::sync::Semaphore;

use crate::app::Limits;
use crate::connection::{self, Setting, protocol};
use crate::listener::{Accepted, Listener};

/// How long to wait after the first connection that could not be taken, and after many.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The least time between two log lines that say the same.
const SILENCE: Duration = Duration::from_secs(60);

/// Takes connections from all listeners until the process stops; no more at a time than the limits allow, the others
/// wait in the queue of the operating system. Each is served by a task that `shutdown` waits for.
pub(crate) async fn serve(mut listeners: Vec<Listener>, router: Router, limits: Limits, shutdown: Shutdown) {
    let room = Arc::new(Semaphore::new(limits.max_connections));
    let setting = Arc::new(Setting {
        protocol: protocol(),
        router,
        limits: limits.clone(),
        shutdown: shutdown.clone(),
    });
    let open = metrics::gauge!("doorward_http_connections");
    let (mut full, mut failed, mut pause) = (Notice::default(), Notice::default(), PAUSE.0);
    loop {
        if room.available_permits() == 0 && full.is_due() {
            tracing::warn!(limit = limits.max_connections, "no more connections are taken for now");
        }
        let next = async {
            let place = room.clone().acquire_owned().await;
            (place, accept(&mut listeners).await)
        };
        let (place, accepted) = tokio::select! {
            () = shutdown.stopping() => return,
            next = next => next,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_client(&error) => continue,
            Err(error) => {
                if failed.is_due() {
                    tracing::error!(%error, "connections cannot be taken; trying again");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
                continue;
            }
        };
        pause = PAUSE.0;
        let (setting, open) = (setting.clone(), open.clone());
        shutdown.spawn(async move {
            open.increment(1);
            match accepted {
                Accepted::Tcp(stream, peer) => {
                    // Answers are sent whole; waiting for more to send would only delay them.
                    let _ = stream.set_nodelay(true);
                    let (read, write) = stream.into_split();
                    connection::serve(setting, read, write, Some(peer)).await;
                }
                Accepted::Unix(stream) => {
                    let (read, write) = stream.into_split();
                    connection::serve(setting, read, write, None).await;
                }
            }
            open.decrement(1);
            drop(place);
        });
    }
}

/// The next connection, from whichever listener has one.
async fn accept(listeners: &mut [Listener]) -> io::Result<Accepted> {
    // None may keep the others from being heard.
    listeners.rotate_left(1);
    poll_fn(|cx| {
        let ready = listeners.iter().map(|listener| listener.poll_accept(cx)).find(Poll::is_ready);
        ready.unwrap_or(Poll::Pending)
    })
    .await
}

/// Whether only this connection is lost.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Something to be said from time to time.
#[derive(Default)]
struct Notice(Option<Instant>);

impl Notice {
    fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= SILENCE);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
