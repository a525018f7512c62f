//! A mail server for tests: it keeps what it is sent, and misbehaves when it is told to.
//!
//! Threads and blocking streams, so that it runs beside any runtime, in tests and in programs that break things for
//! long. It speaks as much of SMTP as senders need: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA, RSET, NOOP, QUIT.

mod faults;
mod received;
mod session;
mod tls;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use faults::{Faults, State};
pub use received::Received;

/// How long a test waits for a mail before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    #[default]
    Plain,
    /// By STARTTLS, which is offered.
    StartTls,
    /// With the first byte.
    Implicit,
}

/// What kind of server to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Its protection.
    pub security: Security,
    /// The user and password that it wants to see before it takes mails.
    pub login: Option<(String, String)>,
}

/// A running mail server on a port of its own. Ends with the value.
#[derive(Debug)]
pub struct Smtp {
    address: SocketAddr,
    options: Options,
    shared: Arc<Shared>,
    certificate: Option<String>,
    accepting: Option<JoinHandle<()>>,
}

/// What all connections know.
#[derive(Debug, Default)]
struct Shared {
    faults: Arc<Faults>,
    record: Mutex<Record>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Record {
    mails: Vec<Received>,
    /// Commands that came without encryption.
    in_clear: Vec<String>,
    /// Those that live; the others have ended by themselves.
    connections: Vec<TcpStream>,
    opened: usize,
    closed: bool,
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Smtp {
    /// Starts one without encryption that asks for no password.
    ///
    /// # Errors
    /// If there is no port, or no certificate can be made.
    pub fn start() -> anyhow::Result<Self> {
        Self::with(Options::default())
    }

    /// Starts one of this kind.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with(options: Options) -> anyhow::Result<Self> {
        let tls = match options.security {
            Security::Plain => None,
            Security::StartTls | Security::Implicit => Some(tls::Identity::new()?),
        };
        let certificate = tls.as_ref().map(|identity| identity.certificate.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let host = Arc::new(session::Host { options: options.clone(), tls, shared: Arc::clone(&shared) });
        let accepting = std::thread::spawn(move || accept(&listener, &host));
        Ok(Self { address, options, shared, certificate, accepting: Some(accepting) })
    }

    /// The address in the form that mailers read, with the right password and the strictest protection that it has.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, query) = match self.options.security {
            Security::Plain => ("smtp", ""),
            Security::StartTls => ("smtp", "?tls=required"),
            Security::Implicit => ("smtps", ""),
        };
        let login = self.options.login.as_ref().map(|(user, password)| format!("{user}:{password}@"));
        // The certificate is for this name.
        format!("{scheme}://{}localhost:{}{query}", login.unwrap_or_default(), self.address.port())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate to trust, as PEM, where it has one.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// What to break. Works from any thread, at any time.
    #[must_use]
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.shared.faults)
    }

    /// Everything that was accepted, oldest first; also mails whose reply was lost.
    #[must_use]
    pub fn mails(&self) -> Vec<Received> {
        self.shared.record().mails.clone()
    }

    /// Commands that came without encryption, as they came.
    #[must_use]
    pub fn in_clear(&self) -> Vec<String> {
        self.shared.record().in_clear.clone()
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.record().opened
    }

    /// Waits until so many mails are there, and gives all there are. Blocks.
    ///
    /// # Errors
    /// If they are not there within a minute.
    pub fn wait_for(&self, count: usize) -> anyhow::Result<Vec<Received>> {
        let end = Instant::now() + PATIENCE;
        let mut record = self.shared.record();
        while record.mails.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            anyhow::ensure!(!left.is_zero(), "{} of {count} mails came", record.mails.len());
            let waited = self.shared.changed.wait_timeout(record, left);
            record = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(record.mails.clone())
    }

    /// Ends all connections that are open now, as a server does that is restarted.
    pub fn hang_up(&self) {
        for connection in self.shared.record().connections.drain(..) {
            // It may have ended already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.shared.record().closed = true;
        self.hang_up();
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        self.hang_up();
    }
}

fn accept(listener: &TcpListener, host: &Arc<session::Host>) {
    for stream in listener.incoming() {
        let mut record = host.shared.record();
        if record.closed {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else { continue };
        record.opened += 1;
        record.connections.push(handle);
        drop(record);
        let host = Arc::clone(host);
        std::thread::spawn(move || {
            let peer = stream.peer_addr();
            // A connection that breaks has ended, whoever broke it.
            let _: io::Result<()> = session::serve(&host, stream);
            host.shared
                .record()
                .connections
                .retain(|other| other.peer_addr().ok() != peer.as_ref().ok().copied());
        });
    }
}
