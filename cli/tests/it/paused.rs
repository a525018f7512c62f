use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{Home, Server, repository};

const KEY: &str = "dw_a-key-that-automation-brings-along";
const GRACE: &str = "019aa000-0000-7000-8000-000000000030";

/// A connection with a question on its way.
fn ask(server: &Server) -> TcpStream {
    let body = format!(
        "{{\"principal\":{{\"type\":\"User\",\"id\":\"{GRACE}\"}},\"action\":\"resource.read\",\
         \"resource\":{{\"type\":\"Resource\",\"id\":\"acme-roadmap\"}}}}"
    );
    let address = server.address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "POST /api/v1/authorize HTTP/1.1\r\nhost: doorward\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    connection
}

fn answer(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn signal(server: &Server, name: &str) {
    let pid = server.pid().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[test]
fn a_replica_that_was_stopped_and_wakes_knows_that_its_facts_are_old() {
    // proves PDP-6
    let mut home = Home::new();
    home.set("DOORWARD_BOOTSTRAP_KEY", KEY);
    let server = home.serve();
    home.run(&["import", repository().join("examples/acme.ndjson").to_str().unwrap()]).expect(0);
    for _ in 0..3 {
        let answer = answer(ask(&server));
        assert!(answer.contains("\"decision\":\"allow\""), "{answer}");
    }
    signal(&server, "-STOP");
    home.database().run(&format!("update users set status = 'disabled' where id = '{GRACE}'")).unwrap();
    sleep(Duration::from_secs(3));
    // They wait in the socket and are the first that it finds.
    let questions: Vec<TcpStream> = (0..8).map(|_| ask(&server)).collect();
    signal(&server, "-CONT");
    for question in questions {
        let answer = answer(question);
        assert!(answer.contains("\"decision\":\"deny\""), "{answer}");
    }
}
