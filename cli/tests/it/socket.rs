use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use crate::support::Home;

/// What a program sees that knows no more of HTTP than it has to.
fn healthz(path: &std::path::Path) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_unix_socket_serves_and_is_gone_after_the_stop() {
    // proves OPS-1
    let mut home = Home::new();
    let path = home.path("api.sock");
    home.set("DOORWARD_LISTEN", &format!("unix:{}", path.display()));
    drop(UnixListener::bind(&path).unwrap());
    let server = home.serve();
    assert_eq!(server.address, format!("unix:{}", path.display()));
    let hint = server.told.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(hint, format!("Try: curl --unix-socket {} http://localhost/healthz", path.display()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    let answer = healthz(&path);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok"), "{answer}");
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /api/v1/keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "whoever opens it needs a key: {answer}");
    home.run(&["key", "list"]).expect(0);

    let second = home.run(&["serve"]).expect(3);
    assert!(
        second.stderr.contains("is in use") && second.stderr.contains("DOORWARD_LISTEN"),
        "{}",
        second.stderr
    );
    assert!(healthz(&path).contains("200"), "the first one goes on");
    assert_eq!(server.terminate(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_port_and_a_socket_can_be_served_together() {
    // proves OPS-1
    let mut home = Home::new();
    let path = home.path("api.sock");
    home.set("DOORWARD_LISTEN", &format!("127.0.0.1:0,unix:{}", path.display()));
    home.set("DOORWARD_SOCKET_MODE", "0600");
    let server = home.serve();
    assert!(server.banner.contains(&format!(" and unix:{} (", path.display())), "{}", server.banner);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(healthz(&path).contains("200"));
    let mut tcp = std::net::TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    tcp.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("ok"), "{answer}");
}
