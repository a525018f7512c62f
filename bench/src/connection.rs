//! One keep-alive HTTP/1.1 connection, by TCP or Unix socket, that does no more than a load generator needs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection and what was read ahead from it.
pub(crate) struct Connection {
    stream: Stream,
    /// `buffer[start..end]` has not been consumed.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The body of the last answer.
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// Nobody listens there.
    pub(crate) fn open(place: &Place) -> anyhow::Result<Self> {
        let stream = match place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Stream::Tcp(stream)
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Stream::Unix(stream)
            }
        };
        Ok(Self { stream, buffer: vec![0; 64 * 1024], start: 0, end: 0, body: vec![] })
    }

    /// Sends bytes, which may be several requests.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Unix(stream) => stream.write_all(bytes),
        }?)
    }

    /// Reads one answer: returns its status and leaves its body in `body`.
    ///
    /// # Errors
    /// The connection broke, or this is no HTTP.
    pub(crate) fn receive(&mut self) -> anyhow::Result<u16> {
        let head = self.head()?;
        self.body.clear();
        if let Some(length) = field(&head, "content-length:") {
            self.take(length.parse()?)?;
        } else if field(&head, "transfer-encoding:") == Some("chunked") {
            self.chunks()?;
        } else {
            let status = status(&head)?;
            anyhow::ensure!(status == 204, "an answer with status {status} that does not tell its length");
        }
        status(&head)
    }

    /// Reads one answer of any length, piece by piece, and returns its status.
    ///
    /// # Errors
    /// As [`Self::receive`]; the answer does not tell its length.
    pub(crate) fn receive_into(&mut self, mut take: impl FnMut(&[u8])) -> anyhow::Result<u16> {
        let head = self.head()?;
        let mut missing: u64 =
            field(&head, "content-length:").context("an answer without length")?.parse()?;
        while missing > 0 {
            if self.start == self.end {
                self.fill()?;
            }
            let here = usize::try_from(missing).unwrap_or(usize::MAX).min(self.end - self.start);
            take(&self.buffer[self.start..self.start + here]);
            self.start += here;
            missing -= here as u64;
        }
        status(&head)
    }

    /// Reads the head of an answer, in small letters.
    fn head(&mut self) -> anyhow::Result<String> {
        let head = loop {
            let seen = &self.buffer[self.start..self.end];
            if let Some(at) = find(seen, b"\r\n\r\n") {
                break String::from_utf8_lossy(&seen[..at]).to_ascii_lowercase();
            }
            self.fill()?;
        };
        self.start += head.len() + 4;
        Ok(head)
    }

    fn chunks(&mut self) -> anyhow::Result<()> {
        loop {
            let line = loop {
                let seen = &self.buffer[self.start..self.end];
                if let Some(at) = find(seen, b"\r\n") {
                    break String::from_utf8_lossy(&seen[..at]).into_owned();
                }
                self.fill()?;
            };
            self.start += line.len() + 2;
            let length = usize::from_str_radix(line.trim(), 16)?;
            let known = self.body.len() + length;
            // With the line end behind every chunk, the last one included.
            self.take(length + 2)?;
            self.body.truncate(known);
            if length == 0 {
                return Ok(());
            }
        }
    }

    /// Appends so many bytes to `body`.
    fn take(&mut self, mut missing: usize) -> anyhow::Result<()> {
        loop {
            let here = missing.min(self.end - self.start);
            self.body.extend_from_slice(&self.buffer[self.start..self.start + here]);
            self.start += here;
            missing -= here;
            if missing == 0 {
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        anyhow::ensure!(self.end < self.buffer.len(), "the head of an answer is too long");
        let free = &mut self.buffer[self.end..];
        let read = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(free),
            Stream::Unix(stream) => stream.read(free),
        }?;
        anyhow::ensure!(read > 0, "the server closed the connection");
        self.end += read;
        Ok(())
    }
}

fn status(head: &str) -> anyhow::Result<u16> {
    head.get(9..12).and_then(|status| status.parse().ok()).context("an answer without status")
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
