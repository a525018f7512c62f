//! Where connections come from.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use runtime::config::Listen;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::socket_file::SocketFile;

/// An address on which connections wait to be taken.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, SocketFile),
}

/// A connection.
pub(crate) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Listener {
    /// Begins to listen. A socket file gets these permissions, takes the place of one on which nobody listens, and is
    /// removed with the value.
    ///
    /// # Errors
    /// If the address is in use or cannot be had, or something else lies where the socket file should be.
    pub async fn open(at: &Listen, mode: u32) -> io::Result<Self> {
        match at {
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).await?;
                let address = listener.local_addr()?;
                Ok(Self(Kind::Tcp(listener, address)))
            }
            Listen::Unix(path) => {
                let (listener, file) = SocketFile::open(path, mode)?;
                Ok(Self::unix(listener, file))
            }
        }
    }

    pub(crate) fn unix(listener: UnixListener, file: SocketFile) -> Self {
        Self(Kind::Unix(listener, file))
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        Poll::Ready(match &self.0 {
            Kind::Tcp(listener, _) => {
                ready!(listener.poll_accept(cx)).map(|(stream, peer)| Accepted::Tcp(stream, peer))
            }
            Kind::Unix(listener, _) => {
                ready!(listener.poll_accept(cx)).map(|(stream, _)| Accepted::Unix(stream))
            }
        })
    }
}

/// `http://127.0.0.1:8080` or `unix:/run/doorward.sock`.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(_, address) => write!(f, "http://{address}"),
            Kind::Unix(_, file) => write!(f, "unix:{}", file.path().display()),
        }
    }
}
