use serde_json::Value;

use crate::support::{Home, Server};

/// A Doorward with a kind of job that no worker of it takes.
fn start(home: &Home) -> Server {
    let server = home.serve();
    run(
        home,
        "insert into job_kinds (kind, queue, attempts, timeout_seconds, lifetime_seconds)
         values ('greet', 'gestures', 3, 60, 3600)",
    );
    server
}

fn run(home: &Home, sql: &str) -> String {
    home.database().run(sql).unwrap().trim().to_owned()
}

fn dead(home: &Home) -> String {
    run(
        home,
        "insert into jobs (id, kind, payload, state, attempt, last_error, finished_at)
         values (gen_random_uuid(), 'greet', '{}', 'dead', 3, 'no route to host', now()) returning id",
    )
}

fn state(home: &Home, id: &str) -> String {
    run(home, &format!("select state from jobs where id = '{id}'"))
}

/// The words of the line that begins with this one.
fn line(text: &str, first: &str) -> Vec<String> {
    let found = text.lines().find(|line| line.starts_with(first));
    found.unwrap_or_else(|| panic!("{text}")).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_dead_letter_is_found_and_retried_from_the_command_line() {
    // proves JOB-4
    let home = Home::new();
    let server = start(&home);
    let (id, other) = (dead(&home), dead(&home));
    let table = home.run(&["queue"]).expect(0).stdout;
    assert_eq!(line(&table, "greet"), ["greet", "0", "0", "2", "-", "0", "0", "0"]);
    assert_eq!(line(&table, "gestures"), ["gestures", "0", "0", "2", "-", "0", "0", "0"]);
    let listed = home.run(&["queue", "jobs", "--state", "dead", "--kind", "greet"]).expect(0).stdout;
    assert_eq!(line(&listed, &id)[..4], [id.as_str(), "greet", "dead", "3/3"]);
    assert!(listed.contains("\"no route to host\""), "{listed}");
    assert_eq!(home.run(&["queue", "jobs", "--state", "done", "--kind", "greet"]).expect(0).stdout, "");
    let shown: Value = serde_json::from_str(&home.run(&["queue", "show", &id]).expect(0).stdout).unwrap();
    assert_eq!(shown["last_error"], "no route to host");

    // So that no worker takes what is retried.
    let paused = home.run(&["queue", "pause", "greet"]).expect(0).stdout;
    assert!(paused.starts_with("greet is paused since 2"), "{paused}");
    assert!(home.run(&["queue"]).expect(0).stdout.contains("paused since 2"));
    assert_eq!(home.run(&["queue", "retry", &id]).expect(0).stdout, format!("{id} waits\n"));
    assert_eq!(state(&home, &id), "pending");
    let again = home.run(&["queue", "retry", &id]).expect(3);
    assert!(again.stderr.contains("this one is pending (job_not_dead)"), "{}", again.stderr);
    assert_eq!(home.run(&["queue", "cancel", &id]).expect(0).stdout, format!("{id} is cancelled\n"));
    assert_eq!(state(&home, &id), "cancelled");
    let told = home.run(&["queue", "retry-dead", "greet"]).expect(0).stdout;
    assert_eq!(told, "1 jobs wait, 0 are still dead\n");
    assert_eq!(state(&home, &other), "pending");
    assert_eq!(home.run(&["queue", "resume", "greet"]).expect(0).stdout, "greet is not paused\n");
    assert!(!home.run(&["queue"]).expect(0).stdout.contains("paused"));
    for arguments in
        [["queue", "pause", "nonsense"], ["queue", "show", "019aa000-0000-7000-8000-00000000dead"]]
    {
        let missing = home.run(&arguments).expect(3);
        assert!(missing.stderr.contains("(not_found)"), "{}", missing.stderr);
    }
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_test_mail_is_asked_for_from_the_command_line() {
    // proves MAIL-2
    let home = Home::new();
    let server = start(&home);
    let told = home.run(&["mail", "test", "ops@example.com", "--template", "expired", "--locale", "fr"]);
    let told = told.expect(0).stdout;
    let id = told.split_whitespace().nth(1).unwrap();
    let shown: Value = serde_json::from_str(&home.run(&["queue", "show", id]).expect(0).stdout).unwrap();
    assert_eq!(shown["kind"], "mail.send");
    for (member, expected) in [("template", "expired"), ("locale", "fr"), ("to", "ops@example.com")] {
        assert_eq!(shown["payload"][member], expected);
    }
    let refused = home.run(&["mail", "test", "nobody"]).expect(3);
    assert!(refused.stderr.contains("(invalid)"), "{}", refused.stderr);
    assert_eq!(server.terminate(), Some(0));
}
