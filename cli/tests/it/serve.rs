use std::fs;
use std::time::Duration;

use crate::support::{Home, repository, until};

/// The first line after the banner: the key, if one was made.
fn key(server: &crate::support::Server) -> Option<String> {
    let line = server.told.recv_timeout(Duration::from_secs(5)).ok()?;
    line.split_whitespace().find(|word| word.starts_with("dw_")).map(str::to_owned)
}

fn grace(home: &Home) -> String {
    let question = [
        "policies",
        "explain",
        "--principal",
        "User::019aa000-0000-7000-8000-000000000030",
        "--action",
        "resource.read",
        "--resource",
        "Resource::acme-roadmap",
        "--json",
    ];
    home.run(&question).expect(0).stdout
}

#[cfg(feature = "embedded")]
#[test]
fn without_configuration_everything_runs_and_outlives_a_restart() {
    // proves OPS-1, OPS-2
    let home = Home::embedded();
    let server = home.serve();
    assert!(server.banner.contains("embedded Postgres in ./.doorward/"), "{}", server.banner);
    assert!(key(&server).is_some(), "a key for the first run");
    let example = repository().join("examples/acme.ndjson");
    let ended = home.run(&["import", example.to_str().unwrap()]).expect(0);
    assert!(ended.stdout.starts_with("1000 imported"), "{}", ended.stdout);
    assert!(grace(&home).contains("\"decision\": \"allow\""));
    assert_eq!(server.terminate(), Some(0));
    assert!(!home.path(".doorward/control.sock").exists());

    let ended = home.run(&["audit", "verify"]).expect(0);
    assert!(ended.stdout.ends_with(" 0 breaks\n"), "{}", ended.stdout);
    let server = home.serve();
    assert!(grace(&home).contains("content.shared.read"));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn an_edited_policy_is_followed_and_a_broken_one_is_not() {
    // proves POL-2
    let home = Home::new();
    let _server = home.serve();
    home.run(&["import", repository().join("examples/acme.ndjson").to_str().unwrap()]).expect(0);
    assert!(grace(&home).contains("\"decision\": \"allow\""));
    let path = home.path("policies/content.cedar");
    let kept = fs::read_to_string(&path).unwrap();
    let frozen = "\n@id(\"content.frozen\")\n@description(\"Nobody reads\")\n\
                  forbid (principal, action == Action::\"resource.read\", resource is Resource);\n";
    fs::write(&path, format!("{kept}{frozen}")).unwrap();
    until("the edit is in force", || grace(&home).contains("\"decision\": \"deny\""));
    fs::write(&path, "forbid (").unwrap();
    until("the broken edit is noticed", || {
        home.run(&["policies", "check"]).code == Some(1) && grace(&home).contains("content.frozen")
    });
    fs::write(&path, kept).unwrap();
    until("the mended folder is in force", || grace(&home).contains("\"decision\": \"allow\""));
}

#[test]
fn a_configured_key_is_accepted_and_none_is_printed() {
    // proves OPS-5, KEY-1
    let mut home = Home::new();
    let token = "dw_a-key-that-automation-brings-along";
    home.set("DOORWARD_BOOTSTRAP_KEY", token);
    let server = home.serve();
    assert!(server.told.try_recv().is_err());
    let listed = home.run(&["key", "list", "--url", &server.address]).expect(0);
    assert!(listed.stdout.contains("bootstrap"), "{}", listed.stdout);
    let made = home.run(&["key", "create", "ci", "--scope", "authorize"]).expect(0).stdout;
    let id = made.rsplit_once("id ").unwrap().1.trim().trim_end_matches(')').to_owned();
    home.run(&["key", "revoke", &id]).expect(0);
    let listed = home.run(&["key", "list"]).expect(0).stdout;
    assert!(listed.lines().any(|line| line.starts_with(&id) && line.ends_with("revoked")), "{listed}");
    let shown = home.run(&["config"]).expect(0).stdout;
    assert!(!shown.contains(token), "{shown}");
}

#[test]
fn what_keeps_it_from_starting_is_named() {
    // proves OPS-5, POL-2
    let mut home = Home::new();
    let server = home.serve();
    let second = home.run(&["serve"]).expect(3);
    assert!(second.stderr.contains("DOORWARD_LISTEN"), "{}", second.stderr);
    drop(server);

    fs::write(home.path("policies/user.cedar"), "permit (").unwrap();
    let ended = home.run(&["serve"]).expect(1);
    assert!(ended.stderr.contains("policies/user.cedar:1:"), "{}", ended.stderr);
    home.set("DOORWARD_LISTNE", "127.0.0.1:1");
    let ended = home.run(&["serve"]).expect(4);
    assert!(ended.stderr.contains("DOORWARD_LISTNE"), "{}", ended.stderr);
}

#[test]
fn a_store_that_does_not_answer_is_told_without_its_password() {
    // proves OPS-5
    let mut home = Home::embedded();
    home.set("DATABASE_URL", "postgres://doorward:s3cret@127.0.0.1:1/doorward");
    let ended = home.run(&["serve"]).expect(3);
    assert!(ended.stderr.contains("the store does not answer"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
}

#[test]
fn every_command_has_help_and_the_document_is_json() {
    let home = Home::embedded();
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["import", "--help"],
        &["migrate", "--help"],
        &["health", "--help"],
        &["policies", "--help"],
        &["policies", "explain", "--help"],
        &["key", "--help"],
        &["decisions", "list", "--help"],
        &["audit", "--help"],
        &["config", "--help"],
    ] {
        assert!(home.run(command).expect(0).stdout.contains("Usage:"), "{command:?}");
    }
    let document: serde_json::Value = serde_json::from_str(&home.run(&["openapi"]).expect(0).stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    home.run(&["no-such-command"]).expect(2);
}
