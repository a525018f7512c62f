//! The load generator: connections that ask as fast as they are answered, and check every answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{Connection, Place};
use crate::h2c;
use crate::request::Request;

/// How long HTTP/2 is tried.
const CHECK: Duration = Duration::from_millis(50);

/// What is asked.
pub(crate) enum Source {
    /// These, over and over.
    Again(Vec<Request>),
    /// The nth is made when it is its turn; none is asked twice.
    New(Box<dyn Fn(usize) -> Request + Send + Sync>),
}

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// HTTP/1.1, so many requests sent at once on each connection.
    Http1 { connections: usize, together: usize },
    /// HTTP/2 with prior knowledge, so many requests open on one connection.
    Http2 { streams: usize },
}

/// A load on one server.
pub(crate) struct Load {
    pub(crate) place: Place,
    pub(crate) source: Source,
    pub(crate) protocol: Protocol,
    /// The number of the next request.
    next: AtomicUsize,
}

/// What came of one round.
#[derive(Default)]
pub(crate) struct Round {
    /// How long each answer took, from the first byte sent to the last received.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) decisions: usize,
}

impl Load {
    /// From eight connections, one request after the other on each.
    pub(crate) fn new(place: &Place, source: Source) -> Self {
        Self::by(place, source, Protocol::Http1 { connections: 8, together: 1 })
    }

    pub(crate) fn by(place: &Place, source: Source, protocol: Protocol) -> Self {
        Self { place: place.clone(), source, protocol, next: AtomicUsize::new(0) }
    }

    /// Asks for this long.
    ///
    /// # Errors
    /// A connection broke, or an answer is wrong: then the figures would be worth nothing.
    pub(crate) fn run(&self, time: Duration) -> anyhow::Result<Round> {
        let end = Instant::now() + time;
        match self.protocol {
            Protocol::Http2 { streams } => h2c::run(self, streams, end),
            Protocol::Http1 { connections, together } => thread::scope(|scope| {
                let each = (0..connections).map(|_| scope.spawn(move || self.connection(together, end)));
                let running: Vec<_> = each.collect();
                let mut all = Round::default();
                for thread in running {
                    let ended = thread.join().map_err(|_| anyhow::anyhow!("a connection panicked"))?;
                    all.add(ended?);
                }
                Ok(all)
            }),
        }
    }

    /// Asks every prepared request once.
    ///
    /// # Errors
    /// As [`Load::run`].
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Source::Again(requests) = &self.source else { return Ok(()) };
        if let Protocol::Http2 { .. } = self.protocol {
            return h2c::run(self, 1, Instant::now() + CHECK).map(drop);
        }
        let mut connection = Connection::open(&self.place)?;
        for request in requests {
            connection.send(&request.bytes)?;
            let status = connection.receive()?;
            request.check(status, &connection.body)?;
        }
        Ok(())
    }

    fn connection(&self, together: usize, end: Instant) -> anyhow::Result<Round> {
        let mut connection = Connection::open(&self.place)?;
        let mut round = Round::default();
        let (mut requests, mut bytes) = (Vec::with_capacity(together), vec![]);
        while Instant::now() < end {
            requests.clear();
            bytes.clear();
            for _ in 0..together {
                let request = self.take();
                bytes.extend_from_slice(&request.as_ref().bytes);
                requests.push(request);
            }
            let start = Instant::now();
            connection.send(&bytes)?;
            for request in &requests {
                let status = connection.receive()?;
                round.latencies.push(start.elapsed());
                request.as_ref().check(status, &connection.body)?;
                round.decisions += request.as_ref().expects.len();
            }
        }
        Ok(round)
    }

    /// The next request.
    pub(crate) fn take(&self) -> Taken<'_> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        match &self.source {
            Source::Again(requests) => Taken::Kept(&requests[n % requests.len()]),
            Source::New(make) => Taken::Made(Box::new(make(n))),
        }
    }
}

/// A request whose turn it is.
pub(crate) enum Taken<'l> {
    Kept(&'l Request),
    Made(Box<Request>),
}

impl AsRef<Request> for Taken<'_> {
    fn as_ref(&self) -> &Request {
        match self {
            Self::Kept(request) => request,
            Self::Made(request) => request,
        }
    }
}

impl Round {
    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.decisions += other.decisions;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::request::DOORWARD;

    /// Answers every request with the same decision, and returns how many there were.
    fn server(listener: &TcpListener) -> usize {
        let (stream, _) = listener.accept().unwrap();
        let (mut input, mut output) = (BufReader::new(stream.try_clone().unwrap()), stream);
        let mut count = 0;
        loop {
            let (mut line, mut length) = (String::new(), 0);
            while line != "\r\n" {
                line.clear();
                if input.read_line(&mut line).unwrap() == 0 {
                    return count;
                }
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            input.read_exact(&mut vec![0; length]).unwrap();
            count += 1;
            let body = r#"{"decision":"allow"}"#;
            write!(output, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    }

    fn run(expects: bool, together: usize) -> (anyhow::Result<Round>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = Place::Tcp(listener.local_addr().unwrap());
        let serving = thread::spawn(move || server(&listener));
        let request = Request::new("POST", "/", "{}", vec![expects], DOORWARD);
        let load =
            Load::by(&place, Source::Again(vec![request]), Protocol::Http1 { connections: 1, together });
        let round = load.run(Duration::from_millis(50));
        (round, serving.join().unwrap())
    }

    #[test]
    fn it_counts_every_answer_once() {
        for together in [1, 16] {
            let (round, served) = run(true, together);
            let round = round.unwrap();
            assert!(served > 0);
            assert_eq!((round.decisions, round.latencies.len()), (served, served));
        }
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let (round, _) = run(false, 1);
        assert!(round.err().unwrap().to_string().starts_with("allow for deny"));
    }
}
