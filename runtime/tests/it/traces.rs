use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use runtime::{Config, Error, Telemetry};

/// Takes one request, answers it with 200, and gives its first line and its body.
fn sink(listener: TcpListener) -> JoinHandle<(String, Vec<u8>)> {
    thread::spawn(move || {
        let mut reader = BufReader::new(listener.accept().unwrap().0);
        let mut request = String::new();
        reader.read_line(&mut request).unwrap();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim_end().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        (request.trim_end().to_owned(), body)
    })
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

// The only test of this binary that takes the logs of its process.
// proves OPS-3
#[tokio::test]
async fn spans_reach_the_collector_before_the_process_has_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let received = sink(listener);
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("DOORWARD_LOG", "off")];
    let config = Config::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();

    let telemetry = Telemetry::start(&config).unwrap();
    assert!(matches!(Telemetry::start(&config), Err(Error::LogsTaken)));
    tracing::info_span!("decide", principal = "alice").in_scope(|| tracing::info!("allowed"));
    telemetry.stop().await.unwrap();

    let (request, body) = received.join().unwrap();
    assert_eq!(request, "POST /v1/traces HTTP/1.1");
    for text in ["service.name", "doorward", "service.version", runtime::VERSION, "decide", "alice"] {
        assert!(contains(&body, text), "{text} is missing");
    }
}
