//! Background work from the command line.

use std::fs;

use crate::support::{Home, Server, until};

/// Somebody whose trial is over.
const TINA: &str = r#"{"user": {"id": "019aa000-0000-7000-8000-000000000001", "email": "tina@example.com", "name": "Tina", "status": "pending", "email_verified_at": "2026-01-01T00:00:00Z", "approval_due_at": "2026-01-03T00:00:00Z", "locale": "fr"}}"#;

/// The mails in the data folder.
fn mails(home: &Home) -> Vec<String> {
    let Ok(folder) = fs::read_dir(home.path(".doorward/mail")) else { return vec![] };
    folder.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn working_once_does_what_is_due_and_ends() {
    // proves JOB-1, ACC-3
    let home = Home::new();
    let server = Server::start(home.command(&["serve"]));
    fs::write(home.path("tina.ndjson"), TINA).unwrap();
    home.run(&["import", "tina.ndjson"]).expect(0);
    let ended = home.run(&["work", "--once"]).expect(0);
    // The sweep of trials and the mail that it asks for, the sweeps of purges and of uploads, the first signing key, and what
    // removes old jobs, old sessions, old answers, old records of usage and old exports.
    assert_eq!(ended.stdout, "10 done, 0 to be tried later, 0 dead\n", "{}", ended.stderr);
    assert_eq!(home.database().run("select status from users").unwrap().trim(), "expired");
    let mails = mails(&home);
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("To: tina@example.com\r\n") && mails[0].contains("Bonjour Tina,"),
        "{}",
        mails[0]
    );
    assert!(ended.stderr.contains("link in the mail"), "{}", ended.stderr);

    let again = home.run(&["work", "--once"]).expect(0);
    assert!(again.stdout.ends_with(" 0 to be tried later, 0 dead\n"), "{}", again.stdout);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn working_once_fails_when_a_job_failed_for_good() {
    // proves JOB-2
    let home = Home::new();
    home.run(&["migrate"]).expect(0);
    let broken = "insert into jobs (id, kind, payload) values (gen_random_uuid(), 'mail.send', '{\"mail\": \"gone\"}')";
    home.database().run(broken).unwrap();
    let ended = home.run(&["work", "--once"]).expect(1);
    assert!(ended.stdout.ends_with(", 1 dead\n"), "{}", ended.stdout);
}

#[test]
fn everything_in_one_process_sends_mails_as_files() {
    // proves MAIL-1, OPS-1
    let home = Home::new();
    let server = home.serve();
    assert!(
        server.banner.contains("jobs in process, mails as files in ./.doorward/mail/"),
        "{}",
        server.banner
    );
    home.run(&["mail", "test", "olga@example.com", "--template", "welcome"]).expect(0);
    until("the mail is written", || mails(&home).len() == 1);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_process_that_works_tells_how_it_is_and_serves_nothing_else() {
    // proves OPS-3
    let mut home = Home::new();
    home.set("DOORWARD_WORKER_LISTEN", "127.0.0.1:0");
    let worker = Server::start(home.command(&["work"]));
    until("it is ready", || {
        let told = served(&format!("{}/readyz", worker.address));
        ["database", "jobs", "mail", "policies", "queue", "transport"]
            .iter()
            .all(|part| told.contains(&format!("\"{part}\":{{\"status\":\"ready\"")))
    });
    until("the first jobs are counted", || {
        let figures = served(&format!("{}/metrics", worker.address));
        [
            "doorward_job_attempts_total{kind=",
            "doorward_job_seconds_bucket{kind=",
            "doorward_job_lag_seconds{kind=",
        ]
        .iter()
        .all(|name| figures.contains(name))
    });
    assert!(served(&format!("{}/api/v1/policies", worker.address)).contains("no_such_route"));
    assert_eq!(worker.terminate(), Some(0));
}

/// What is served at an address.
fn served(url: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
}
