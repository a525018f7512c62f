//! The private Redis, and the ways in which it can fail.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::Redis;

/// Says who it is when it is run once more by the test that wants to kill it.
const OWNER: &str = "HARNESS_TEST_OWNER";

/// Password and address of a URL.
fn parts(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("redis://:").expect("a URL of Redis with a password only");
    let (password, rest) = rest.split_once('@').expect("a host");
    (password, rest.strip_suffix("/0").expect("database 0"))
}

/// Sends commands on one connection, and returns all that is answered.
fn say(url: &str, commands: &str) -> std::io::Result<String> {
    let (password, address) = parts(url);
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_millis(300)))?;
    connection.write_all(format!("AUTH {password}\r\n{commands}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn nobody_gets_in_without_the_password() {
    let redis = Redis::start().expect("a server");
    let url = redis.url();
    assert_eq!(say(&url, "PING").expect("an answer"), "+OK\r\n+PONG\r\n+OK\r\n");
    let (password, address) = parts(&url);
    let wrong = format!("redis://:{password}x@{address}/0");
    assert!(say(&wrong, "PING").expect("an answer").contains("-NOAUTH"));
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (first, second) = (Redis::start().expect("a server"), Redis::start().expect("another"));
    say(&first.url(), "SET note here").expect("an answer");
    assert!(say(&second.url(), "GET note").expect("an answer").contains("$-1"));
}

#[test]
fn a_killed_server_is_gone_and_comes_back_with_what_it_had() {
    let mut redis = Redis::start().expect("a server");
    let url = redis.url();
    say(&url, "SET note kept").expect("an answer");
    redis.kill().expect("it is killed");
    assert_eq!(say(&url, "PING").expect_err("nobody listens").kind(), ErrorKind::ConnectionRefused);
    redis.restart_keeping().expect("it starts");
    assert_eq!(redis.url(), url);
    assert!(say(&url, "GET note").expect("an answer").contains("kept"));
    redis.restart_keeping().expect("it starts again");
    assert!(say(&url, "GET note").expect("an answer").contains("kept"));
}

#[test]
fn a_server_that_starts_empty_has_forgotten_everything() {
    let mut redis = Redis::start().expect("a server");
    let url = redis.url();
    say(&url, "SET note lost").expect("an answer");
    redis.restart_empty().expect("it starts");
    assert_eq!(redis.url(), url);
    assert!(say(&url, "GET note").expect("an answer").contains("$-1"));
}

#[test]
fn a_frozen_server_takes_connections_and_answers_nobody() {
    let redis = Redis::start().expect("a server");
    let url = redis.url();
    redis.freeze().expect("it is frozen");
    assert_eq!(say(&url, "PING").expect_err("no answer").kind(), ErrorKind::WouldBlock);
    redis.thaw().expect("it goes on");
    assert!(say(&url, "PING").expect("an answer").contains("+PONG"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a child is told by its environment what it is")]
fn a_server_ends_when_its_owner_is_killed_even_a_frozen_one() {
    if std::env::var_os(OWNER).is_some() {
        let redis = Redis::start().expect("a server");
        redis.freeze().expect("it is frozen");
        println!("\nurl={}", redis.url());
        loop {
            std::thread::park();
        }
    }
    let this = std::env::current_exe().expect("a program");
    let name = "redis::a_server_ends_when_its_owner_is_killed_even_a_frozen_one";
    let mut owner = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(OWNER, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(owner.stdout.take().expect("its output")).lines();
    let url = lines.find_map(|line| line.ok()?.strip_prefix("url=").map(str::to_owned)).expect("a server");
    assert!(TcpStream::connect(parts(&url).1).is_ok(), "a frozen server still takes connections");
    owner.kill().expect("it is killed");
    owner.wait().expect("it is over");

    let begin = Instant::now();
    while TcpStream::connect(parts(&url).1).is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the server still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
