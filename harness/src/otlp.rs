//! A collector of traces: what a process under test exports over OTLP (http/protobuf) can be looked at.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use prost::Message;

mod message;

pub use message::Kind;

/// How long a span may take to arrive; generous, because machines that test also compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(10);

/// A span that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The span it is a part of; none for the first one of a trace.
    pub parent_id: Option<String>,
    /// What it is called.
    pub name: String,
    /// Which side of a call it is.
    pub kind: Kind,
    /// The service that sent it.
    pub service: String,
    /// What is said of it. Values that are no text, number or truth are left out.
    pub attributes: BTreeMap<String, String>,
    /// What is said of the process that sent it, `service.name` included.
    pub resource: BTreeMap<String, String>,
}

/// The collector. It ends with the value.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    spans: Mutex<Vec<Span>>,
    arrived: Condvar,
    over: AtomicBool,
}

impl Collector {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// There is none.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for a collector of traces")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || serve(&listener, &shared)
        });
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans that have arrived, in that order.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.shared.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a span, which may be there already. Processes export every 5 seconds, and when they stop.
    ///
    /// # Errors
    /// None has come within a minute; the message names those that have.
    pub fn wait_for(&self, wanted: impl Fn(&Span) -> bool) -> anyhow::Result<Span> {
        let spans = self.shared.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |spans: &mut Vec<Span>| !spans.iter().any(&wanted);
        let (spans, _) = self
            .shared
            .arrived
            .wait_timeout_while(spans, PATIENCE, missing)
            .unwrap_or_else(PoisonError::into_inner);
        let found = spans.iter().find(|span| wanted(span)).cloned();
        let names = || spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>().join(", ");
        found.with_context(|| {
            format!("the span has not come within {PATIENCE:?}; those are here: {}", names())
        })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // Wakes the thread up. Should that fail, it is left behind.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// Takes one request after the other: exporters send little, and wait for the answer.
fn serve(listener: &TcpListener, shared: &Shared) {
    for connection in listener.incoming() {
        if shared.over.load(Ordering::Relaxed) {
            return;
        }
        let Ok(connection) = connection else { continue };
        // A request that is none is the exporter's trouble: it hears of it, and the spans do not come.
        let _ = answer(connection, shared);
    }
}

fn answer(connection: TcpStream, shared: &Shared) -> anyhow::Result<()> {
    connection.set_read_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(connection);
    let request = read(&mut reader)?;
    let status = match request {
        Request { line, .. } if !line.starts_with("POST /v1/traces ") => "404 Not Found",
        Request { body, .. } => match message::Export::decode(body.as_slice()) {
            Ok(export) => {
                shared.spans.lock().unwrap_or_else(PoisonError::into_inner).extend(export.spans());
                shared.arrived.notify_all();
                "200 OK"
            }
            Err(_) => "400 Bad Request",
        },
    };
    // An empty body is an empty ExportTraceServiceResponse.
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )?;
    Ok(())
}

/// The little of an HTTP request that matters here.
struct Request {
    line: String,
    body: Vec<u8>,
}

fn read(reader: &mut impl BufRead) -> anyhow::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        anyhow::ensure!(reader.read_line(&mut header)? > 0, "the request ends in its head");
        let header = header.trim_end().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().context("the length of the body")?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { line, body })
}
