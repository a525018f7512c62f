//! The headless browser, and that nothing of it stays behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::Browser;

/// Sends a command of WebDriver, and returns what is answered.
fn say(browser: &Browser, path: &str, body: &str) -> String {
    let address = browser.url();
    let mut connection = TcpStream::connect(address.trim_start_matches("http://")).expect("a driver");
    let length = body.len();
    write!(connection, "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .expect("it is sent");
    // The driver keeps the connection, so the length says where the answer ends.
    let mut answer = BufReader::new(connection);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        answer.read_line(&mut line).expect("a header");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body).expect("a body");
    String::from_utf8(body).expect("UTF-8")
}

/// What stands behind a name in JSON.
fn value<'a>(json: &'a str, name: &str) -> &'a str {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.trim_start_matches('"').split(['"', ',', '}']).next().expect("a value")
}

fn runs(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().expect("ps");
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
fn a_browser_shows_pages_without_their_scripts_and_ends_with_its_value() {
    let browser = Browser::start().expect("a driver");
    let begun = say(&browser, "/session", &browser.capabilities());
    let (session, process, profile) =
        (value(&begun, "sessionId"), value(&begun, "goog:processID"), value(&begun, "userDataDir"));
    assert!(runs(process) && Path::new(profile).exists(), "{begun}");
    let page = "data:text/html,<title>plain</title><script>document.title='scripted'</script>";
    say(&browser, &format!("/session/{session}/url"), &format!(r#"{{"url":"{page}"}}"#));
    let script = r#"{"script":"return document.title","args":[]}"#;
    let title = say(&browser, &format!("/session/{session}/execute/sync"), script);
    assert_eq!(value(&title, "value"), "plain", "{title}");

    let (process, profile) = (process.to_owned(), profile.to_owned());
    drop(browser);
    let begin = Instant::now();
    while runs(&process) || Path::new(&profile).parent().expect("a folder").exists() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{process} runs, or {profile} is there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
