//! Connections: what callers may do on them, and for how long.

use std::path::Path;
use std::time::{Duration, Instant};

use api::Listener;
use reqwest::StatusCode;
use runtime::config::Listen;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::support::{ROOT, TestApp, until};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap()
}

/// Reads until the other side has said this so many times, or closed.
async fn read_until(stream: &mut (impl AsyncRead + Unpin), said: &str, times: usize) -> String {
    let mut text = String::new();
    let reading = async {
        // Large, since all that has come is searched again each time.
        let mut buffer = vec![0; 1 << 20];
        while text.matches(said).count() < times {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {said} in {text:?}"));
    text
}

/// How long it takes until the other side closes.
async fn closed(stream: &mut (impl AsyncRead + Unpin)) -> Duration {
    let begun = Instant::now();
    let rest = read_until(stream, "\u{1}", 1).await;
    assert!(!rest.contains("HTTP/1.1 200"), "{rest}");
    begun.elapsed()
}

fn get(path: &str, id: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nx-request-id: {id}\r\n\r\n")
}

// proves API-5
#[tokio::test]
async fn requests_sent_in_one_go_are_answered_in_their_order() {
    let app = TestApp::setup().empty().start().await;
    let mut stream = connect(&app).await;
    let all: String =
        (0..40).map(|n| get(["/healthz", "/readyz", "/nothing"][n % 3], &format!("n{n}-"))).collect();
    stream.write_all(all.as_bytes()).await.unwrap();
    let text = read_until(&mut stream, "x-request-id: n39-", 1).await;
    let places: Vec<_> = (0..40).map(|n| text.find(&format!("x-request-id: n{n}-"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
}

// proves API-5
#[tokio::test]
async fn an_answer_does_not_wait_for_the_rest_of_the_next_request() {
    let app = TestApp::setup().empty().start().await;
    for rest in ["\r\n", "GET /heal"] {
        let mut stream = connect(&app).await;
        stream.write_all(format!("{}{rest}", get("/healthz", "first")).as_bytes()).await.unwrap();
        assert!(read_until(&mut stream, "\r\n\r\nok", 1).await.starts_with("HTTP/1.1 200"));
    }
}

// proves API-5
#[tokio::test]
async fn an_answer_larger_than_any_buffer_arrives_whole() {
    let app = TestApp::setup().empty().start().await;
    let document = app.get("/api/v1/openapi.json").send().await.expect(200).text;
    let mut stream = connect(&app).await;
    let many = get("/api/v1/openapi.json", "x").repeat(30);
    stream.write_all(many.as_bytes()).await.unwrap();
    // Nobody reads while the answers are made.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let text = read_until(&mut stream, &document, 30).await;
    assert_eq!(text.matches(&document).count(), 30);
}

// proves API-5
#[tokio::test]
async fn http2_is_spoken_with_whoever_begins_with_it() {
    let app = TestApp::setup().empty().start().await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let calls = (0..100).map(|_| client.get(format!("{}/api/v1/keys", app.base)).bearer_auth(ROOT).send());
    for answer in futures::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, reqwest::Version::HTTP_2));
    }
}

// proves API-5
#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let app = TestApp::setup().empty().setting("DOORWARD_HEADER_TIMEOUT", "400ms").start().await;
    let mut slow = connect(&app).await;
    let mut later = connect(&app).await;
    later.write_all(get("/healthz", "whole").as_bytes()).await.unwrap();
    read_until(&mut later, "\r\n\r\nok", 1).await;
    later.write_all(b"GET /healthz HT").await.unwrap();
    let begun = Instant::now();
    // A byte now and then does not help.
    while slow.write_all(b"G").await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
    closed(&mut later).await;
    app.get("/healthz").send().await.expect(200);
}

// proves API-5
#[tokio::test]
async fn a_connection_without_requests_is_closed_and_one_with_requests_is_kept() {
    let app = TestApp::setup().empty().setting("DOORWARD_IDLE_TIMEOUT", "1s").start().await;
    let (mut idle, mut silent, mut busy) = (connect(&app).await, connect(&app).await, connect(&app).await);
    idle.write_all(get("/healthz", "once").as_bytes()).await.unwrap();
    read_until(&mut idle, "\r\n\r\nok", 1).await;
    let watched = tokio::spawn(async move { closed(&mut idle).await });
    for _ in 0..12 {
        busy.write_all(get("/healthz", "again").as_bytes()).await.unwrap();
        read_until(&mut busy, "\r\n\r\nok", 1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(watched.await.unwrap() >= Duration::from_millis(900));
    closed(&mut silent).await;
}

// proves API-5
#[tokio::test]
async fn connections_beyond_the_most_wait_until_one_ends() {
    let app = TestApp::setup().empty().setting("DOORWARD_MAX_CONNECTIONS", "2").start().await;
    let mut held = vec![];
    for _ in 0..2 {
        let mut stream = connect(&app).await;
        stream.write_all(get("/healthz", "held").as_bytes()).await.unwrap();
        read_until(&mut stream, "\r\n\r\nok", 1).await;
        held.push(stream);
    }
    let mut waiting = connect(&app).await;
    waiting.write_all(get("/healthz", "waiting").as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(500), waiting.read_u8()).await;
    assert!(early.is_err(), "served although there is no room");
    // The operator has a door of their own.
    app.operator("GET", "/healthz").send().await.expect(200);
    drop(held.pop());
    read_until(&mut waiting, "\r\n\r\nok", 1).await;
}

// proves OPS-3, API-5
#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let app = TestApp::setup().empty().start().await;
    let mut idle = connect(&app).await;
    idle.write_all(get("/healthz", "idle").as_bytes()).await.unwrap();
    read_until(&mut idle, "\r\n\r\nok", 1).await;
    let mut half = connect(&app).await;
    half.write_all(b"GET /he").await.unwrap();
    let mut under_way = connect(&app).await;
    let head = format!(
        "POST /api/v1/authorize HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ROOT}\r\ncontent-length: 2\r\n\r\n{{"
    );
    under_way.write_all(head.as_bytes()).await.unwrap();
    // The key is looked up before the body is read.
    until("the request is under way", || async {
        app.query("select count(*) from api_keys where last_used_at is not null") == "1"
    })
    .await;

    let stopped = {
        let shutdown = app.shutdown();
        tokio::spawn(async move { shutdown.finish(PATIENCE).await })
    };
    closed(&mut idle).await;
    assert!(closed(&mut half).await < Duration::from_secs(5));
    until("nothing new is taken", || async {
        TcpStream::connect(app.base.trim_start_matches("http://")).await.is_err()
    })
    .await;
    assert!(!stopped.is_finished(), "a request is under way");
    under_way.write_all(b"}").await.unwrap();
    let text = read_until(&mut under_way, "\u{1}", 1).await;
    assert!(text.starts_with("HTTP/1.1 400") && text.contains("connection: close"), "{text}");
    stopped.await.unwrap().unwrap();
}

// proves OPS-1
#[tokio::test]
async fn a_socket_file_replaces_a_dead_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sock");
    let at = Listen::Unix(path.clone());
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777
    };
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::open(&at, 0o660).await.unwrap();
    assert_eq!((listener.to_string(), mode(&path)), (at.to_string(), 0o660));
    UnixStream::connect(&path).await.unwrap();
    let error = Listener::open(&at, 0o660).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(listener);
    assert!(!path.exists(), "removed with the listener");

    std::fs::write(&path, "somebody's letter").unwrap();
    let error = Listener::open(&at, 0o660).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's letter");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of how it was made");
}
