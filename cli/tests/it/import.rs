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

#[test]
fn the_same_lines_again_are_the_same_result_from_a_file_or_a_pipe() {
    // proves OPS-6
    let home = Home::new();
    let _server = home.serve();
    let lines = format!("{}\n\n{}", user(1), user(2)); // an empty line, and no end of the last
    fs::write(home.path("users.ndjson"), &lines).unwrap();
    let everything = "select string_agg(u::text, ';' order by id) from users u";
    let first = home.run(&["import", "users.ndjson"]).expect(0);
    assert_eq!(first.stdout, "2 imported from users.ndjson\n");
    let before = home.database().run(everything).unwrap();
    assert_eq!(home.run(&["import", "users.ndjson"]).expect(0).stdout, first.stdout);
    assert_eq!(home.run_with(&["import", "-"], &lines).expect(0).stdout, "2 imported from -\n");
    assert_eq!(home.database().run(everything).unwrap(), before);
    assert_eq!(home.run_with(&["import", "-"], "").expect(0).stdout, "0 imported from -\n");
}

#[test]
fn a_line_that_is_not_utf_8_is_named_like_others() {
    // proves OPS-6
    let home = Home::new();
    let _server = home.serve();
    let mut bytes = vec![];
    for number in 1..=502 {
        bytes.extend_from_slice(user(number).as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"{\"user\": \"caf\xe9\"}\n");
    fs::write(home.path("users.ndjson"), &bytes).unwrap();
    let ended = home.run(&["import", "users.ndjson"]).expect(1);
    assert!(ended.stderr.contains("users.ndjson:503: the line is not UTF-8"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("lines 501 to 503 were not imported; lines 1 to 500 are in"),
        "{}",
        ended.stderr
    );
    assert_eq!(home.database().run("select count(*) from users").unwrap().trim(), "500");
}

#[test]
fn a_line_that_no_server_takes_is_refused_and_nothing_is_in() {
    // proves OPS-6
    let home = Home::new();
    let _server = home.serve();
    let huge = user(1).replace("\"U\"", &format!("\"{}\"", "x".repeat(9 << 20)));
    fs::write(home.path("users.ndjson"), huge).unwrap();
    let ended = home.run(&["import", "users.ndjson"]);
    assert!(matches!(ended.code, Some(1 | 3)), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was imported"), "{}", ended.stderr);
    assert_eq!(home.database().run("select count(*) from users").unwrap().trim(), "0");
}

#[test]
fn a_server_that_is_gone_is_told_with_what_is_in() {
    // proves OPS-6
    let home = Home::new();
    home.serve().kill();
    assert!(home.path(".doorward/control.sock").exists(), "nobody removed it");
    fs::write(home.path("users.ndjson"), user(1)).unwrap();
    let ended = home.run(&["import", "users.ndjson"]).expect(3);
    assert!(ended.stderr.contains("lines 1 to 1 may not be in; nothing was imported"), "{}", ended.stderr);
    assert!(ended.stderr.contains("is it running?"), "{}", ended.stderr);
}
