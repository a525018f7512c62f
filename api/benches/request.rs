//! What Doorward adds to a request: CPU time of the serving thread for each request, beside a bare axum handler that
//! answers JSON. Ratios within one run mean something; microseconds depend on the machine.
//!
//! `cargo bench --package api`
#![allow(clippy::expect_used, clippy::print_stdout)] // a measurement that cannot go on should stop

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use api::{App, Listener};
use authz::Live;
use axum::Router;
use axum::routing::get;
use runtime::{Clock, Config, Health, Metrics, Random, Shutdown, Telemetry};
use storage::Stores;
use tenancy::Db;
use tokio::net::TcpListener;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that send at the same time.
const CONNECTIONS: usize = 8;
/// Requests on each connection in one measurement.
const REQUESTS: usize = 4_000;
/// The best of these counts: other programs can only add to it.
const REPETITIONS: usize = 9;

/// A server on a thread of its own.
struct Server {
    address: SocketAddr,
    /// Where the kernel tells how long the thread has run.
    times: PathBuf,
}

impl Server {
    /// `serve` gives the address, and what goes on serving.
    fn start<F, S>(serve: F) -> Self
    where
        F: AsyncFnOnce() -> (SocketAddr, S) + Send + 'static,
        S: Future<Output = ()>,
    {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let thread = fs::read_link("/proc/thread-self").expect("/proc");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let (address, serving) = serve().await;
                let times = Path::new("/proc").join(thread).join("schedstat");
                tell.send(Self { address, times }).expect("the main thread");
                serving.await;
            });
        });
        told.recv().expect("a server")
    }

    /// Nanoseconds on a CPU so far.
    fn cpu(&self) -> f64 {
        let text = fs::read_to_string(&self.times).expect("schedstat");
        text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
    }

    /// Microseconds of CPU for each request, `depth` of which are sent in one go on a connection.
    fn measure(&self, path: &str, depth: usize) -> f64 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(depth);
        let connect = |_| TcpStream::connect(self.address).expect("a connection");
        let mut clients: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
        let mut round = || {
            for client in &mut clients {
                client.write_all(request.as_bytes()).expect("sent");
            }
            for client in &mut clients {
                let mut answers = 0;
                while answers < depth {
                    let mut buffer = [0; 1 << 16];
                    let length = client.read(&mut buffer).expect("an answer");
                    assert!(length > 0, "the server closed the connection");
                    answers += buffer[..length].windows(9).filter(|at| at == b"HTTP/1.1 ").count();
                }
            }
        };
        (0..100).for_each(|_| round());
        let before = self.cpu();
        let rounds = REQUESTS / depth;
        (0..rounds).for_each(|_| round());
        (self.cpu() - before) / 1_000.0 / (rounds * depth * CONNECTIONS) as f64
    }
}

async fn app(database: &str) -> App {
    let config = Config::load(None, [("DATABASE_URL".to_owned(), database.to_owned())]).expect("settings");
    let (clock, random) = (Clock::system(), Random::system());
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let live = Live::open(&policies, tenancy::ACTIONS, clock.clone()).expect("policies");
    let url = config.database_url.clone().expect("it was given");
    let db = Db::connect(&url, 2, live, clock.clone(), random.clone()).await.expect("a store");
    Telemetry::start(&config).expect("logs");
    let health = Health::new(clock);
    health.part("database").ready();
    let stores = Stores::configured(&config).expect("a folder");
    App::new(db, stores, health, Metrics::install().expect("metrics"), random, &config).expect("no Redis")
}

fn main() {
    let database = harness::database("empty", |_| Ok(())).expect("a database");
    let url = database.url.clone();
    let doorward = Server::start(async move || {
        let app = app(&url).await;
        let any = "127.0.0.1:0".parse().expect("an address");
        let listener = Listener::open(&any, 0o600).await.expect("a port");
        let address = listener.to_string().trim_start_matches("http://").parse().expect("an address");
        (address, async move { api::serve(&app, vec![listener], Shutdown::new()).await })
    });
    let bare = Server::start(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let answer = || async { axum::Json([("status", "ready")]) };
        let router = Router::new().route("/json", get(answer));
        let address = listener.local_addr().expect("an address");
        (address, async move { axum::serve(listener, router).await.expect("served") })
    });
    let measured = [
        ("bare axum, JSON", &bare, "/json", 1),
        ("GET /healthz", &doorward, "/healthz", 1),
        ("GET /readyz", &doorward, "/readyz", 1),
        ("404", &doorward, "/nothing", 1),
        ("bare axum, JSON, 16 in one go", &bare, "/json", 16),
        ("GET /healthz, 16 in one go", &doorward, "/healthz", 16),
    ];
    let mut best = [f64::INFINITY; 6];
    for _ in 0..REPETITIONS {
        for (best, (_, server, path, depth)) in best.iter_mut().zip(measured) {
            *best = best.min(server.measure(path, depth));
        }
    }
    println!("{:<32}{:>8}{:>8}", "", "µs", "ratio");
    for ((name, ..), micros) in measured.iter().zip(best) {
        println!("{name:<32}{micros:>8.2}{:>8.2}", micros / best[0]);
    }
}
