//! The bytes of a connection. What is written is kept until the connection has nothing left to do, and then sent in
//! one go: answers to pipelined requests share a packet, and none waits for the rest of another request.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::pulse::Pulse;

/// The most that is kept, in bytes; more is sent at once.
const MOST: usize = 64 << 10;

/// What a quiet connection may hold on to, in bytes.
const LITTLE: usize = 4 << 10;

/// A connection's bytes, for the protocol to read and write.
pub(crate) struct Stream<R, W> {
    read: R,
    outbox: Outbox<W>,
    pulse: Arc<Pulse>,
}

/// What waits to be sent. Clones are the same.
pub(crate) struct Outbox<W>(Arc<Mutex<Waiting<W>>>);

struct Waiting<W> {
    write: W,
    bytes: Vec<u8>,
    sent: usize,
    pulse: Arc<Pulse>,
}

impl<R, W: AsyncWrite + Unpin> Stream<R, W> {
    /// Both directions of a connection, and what has to be sent whenever the protocol rests.
    pub(crate) fn new(read: R, write: W, pulse: &Arc<Pulse>) -> (Self, Outbox<W>) {
        let waiting = Waiting { write, bytes: vec![], sent: 0, pulse: pulse.clone() };
        let outbox = Outbox(Arc::new(Mutex::new(waiting)));
        (Self { read, outbox: Outbox(outbox.0.clone()), pulse: pulse.clone() }, outbox)
    }
}

impl<W: AsyncWrite + Unpin> Outbox<W> {
    /// Sends everything.
    pub(crate) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_send(cx)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: AsyncWrite + Unpin> Waiting<W> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let count = ready!(Pin::new(&mut self.write).poll_write(cx, &self.bytes[self.sent..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pulse.wrote();
            self.sent += count;
        }
        self.bytes.clear();
        self.bytes.shrink_to(LITTLE);
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let count = slices.iter().map(|slice| slice.len()).sum();
        if self.bytes.len() + count > MOST {
            ready!(self.poll_send(cx))?;
            if count > MOST {
                self.pulse.wrote();
                return Pin::new(&mut self.write).poll_write_vectored(cx, slices);
            }
        }
        slices.iter().for_each(|slice| self.bytes.extend_from_slice(slice));
        Poll::Ready(Ok(count))
    }
}

impl<R: AsyncRead + Unpin, W: Unpin> AsyncRead for Stream<R, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.read).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.pulse.received(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin> AsyncWrite for Stream<R, W> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.lock().poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outbox.lock().poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Not yet: see [`Outbox::poll_send`].
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waiting = self.outbox.lock();
        ready!(waiting.poll_send(cx))?;
        Pin::new(&mut waiting.write).poll_shutdown(cx)
    }
}
