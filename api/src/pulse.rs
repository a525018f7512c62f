//! Whether a connection is of any use, seen by looking at it now and then: a request costs counters and no clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// How long a connection that is being closed may go without progress.
const LINGER: Duration = Duration::from_secs(1);

/// What has happened on a connection so far.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Requests that began, and those of them that have no answer yet.
    begun: AtomicU32,
    under_way: AtomicU32,
    /// Writes to the socket.
    writes: AtomicU32,
    /// Bytes came in, and no request since.
    has_begun_head: AtomicBool,
    is_http2: AtomicBool,
}

impl Pulse {
    /// Bytes came in.
    pub(crate) fn received(&self, bytes: &[u8]) {
        if self.under_way.load(Relaxed) > 0 {
            return;
        }
        if self.begun.load(Relaxed) == 0 && bytes.starts_with(b"PRI * HTTP/2") {
            self.is_http2.store(true, Relaxed);
        }
        self.has_begun_head.store(true, Relaxed);
    }

    /// Bytes went out.
    pub(crate) fn wrote(&self) {
        self.writes.fetch_add(1, Relaxed);
    }

    /// A request begins; it ends when the value is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> Beat {
        self.begun.fetch_add(1, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
        self.has_begun_head.store(false, Relaxed);
        Beat(self.clone())
    }
}

/// A request that is under way.
pub(crate) struct Beat(Arc<Pulse>);

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.has_begun_head.store(false, Relaxed);
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

/// What to do with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Leave it.
    Keep,
    /// Ask it to end in order.
    Close,
    /// Drop it.
    Cut,
}

/// Looks at a pulse in equal intervals.
#[derive(Debug)]
pub(crate) struct Watch {
    header_timeout: Duration,
    idle_timeout: Duration,
    every: Duration,
    seen: (u32, u32),
    /// For how long nothing has been seen to happen, and a head been seen unfinished.
    quiet: Duration,
    waiting: Option<Duration>,
    is_closing: bool,
}

impl Watch {
    /// For a connection that has just been opened.
    pub(crate) fn new(header_timeout: Duration, idle_timeout: Duration) -> Self {
        Self {
            header_timeout,
            idle_timeout,
            every: header_timeout.min(idle_timeout) / 2,
            seen: (0, 0),
            quiet: Duration::ZERO,
            waiting: None,
            is_closing: false,
        }
    }

    /// How long to wait before the next look.
    pub(crate) fn every(&self) -> Duration {
        if self.is_closing { LINGER.min(self.every) } else { self.every }
    }

    /// The connection was asked to end.
    pub(crate) fn closing(&mut self) {
        self.is_closing = true;
        self.quiet = Duration::ZERO;
    }

    /// Whether the connection was asked to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// What is to be done, [`Watch::every`] after the last look. A timeout is over no sooner than it says, and at
    /// most one interval later.
    pub(crate) fn look(&mut self, pulse: &Pulse) -> Verdict {
        let (is_http2, every) = (pulse.is_http2.load(Relaxed), self.every());
        // Pings make HTTP/2 write for ever. While it is being closed, what it writes counts.
        let writes = if is_http2 && !self.is_closing { 0 } else { pulse.writes.load(Relaxed) };
        let now = (pulse.begun.load(Relaxed), writes);
        if now != self.seen || pulse.under_way.load(Relaxed) > 0 {
            (self.seen, self.quiet, self.waiting) = (now, Duration::ZERO, None);
            return Verdict::Keep;
        }
        self.quiet += every;
        let has_begun = pulse.has_begun_head.load(Relaxed) && !is_http2;
        self.waiting = has_begun.then(|| self.waiting.map_or(Duration::ZERO, |waiting| waiting + every));
        if self.is_closing {
            return if self.quiet >= LINGER { Verdict::Cut } else { Verdict::Keep };
        }
        if self.waiting.is_some_and(|waiting| waiting >= self.header_timeout) {
            return Verdict::Cut;
        }
        if self.quiet >= self.idle_timeout { Verdict::Close } else { Verdict::Keep }
    }
}
