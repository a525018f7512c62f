use std::fmt::Write as _;
use std::fs;

use crate::support::Home;

fn user(number: usize) -> String {
    let id = format!("019aa000-0000-7000-8000-{number:012}");
    format!(
        "{{\"user\": {{\"id\": \"{id}\", \"email\": \"u{number}@example.com\", \"name\": \"U\", \"status\": \"active\"}}}}"
    )
}

#[test]
fn a_bad_line_is_named_and_earlier_batches_stay() {
    // proves OPS-6
    let home = Home::new();
    let _server = home.serve();
    let mut lines = String::new();
    for number in 1..=900 {
        let line = if number == 700 { user(number).replace("active", "lively") } else { user(number) };
        writeln!(lines, "{line}").unwrap();
    }
    fs::write(home.path("users.ndjson"), &lines).unwrap();
    let ended = home.run(&["import", "users.ndjson"]).expect(1);
    assert!(ended.stderr.contains("users.ndjson:700: unknown variant `lively`"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("lines 501 to 900 were not imported; lines 1 to 500 are in"),
        "{}",
        ended.stderr
    );
    fs::write(home.path("users.ndjson"), lines.replace("lively", "active")).unwrap();
    let ended = home.run(&["import", "users.ndjson"]).expect(0);
    assert!(ended.stdout.starts_with("900 imported"), "{}", ended.stdout);
}

#[test]
fn without_a_server_or_a_file_it_says_what_is_missing() {
    // proves OPS-6
    let home = Home::embedded();
    fs::write(home.path("users.ndjson"), user(1)).unwrap();
    let ended = home.run(&["import", "users.ndjson"]).expect(3);
    assert!(ended.stderr.contains("no Doorward runs here"), "{}", ended.stderr);
    let home = Home::new();
    let _server = home.serve();
    let ended = home.run(&["import", "nothing.ndjson"]).expect(3);
    assert!(ended.stderr.contains("nothing.ndjson cannot be read"), "{}", ended.stderr);
}
