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
    let commands = "--help|serve --help|migrate --help|import --help|policies --help|policies check --help|\
        policies test --help|policies fmt --help|policies matrix --help|policies explain --help|key --help|\
        key create --help|key list --help|key revoke --help|audit --help|audit verify --help|config --help|\
        openapi --help";
    for command in commands.split('|') {
        let command: Vec<&str> = command.split(' ').collect();
        assert!(home.run(&command).expect(0).stdout.contains("Usage:"), "{command:?}");
    }
    let document: serde_json::Value = serde_json::from_str(&home.run(&["openapi"]).expect(0).stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    home.run(&["no-such-command"]).expect(2);
}

#[test]
fn only_the_first_start_prints_a_key_and_that_key_works() {
    // proves OPS-1
    let home = Home::new();
    let server = home.serve();
    let token = key(&server).expect("a key for the first run");
    fs::write(home.path("key.txt"), &token).unwrap();
    let listed =
        home.run(&["key", "list", "--url", &server.address, "--key-file", "key.txt"]).expect(0).stdout;
    assert!(listed.contains("first run") && !listed.contains(&token), "{listed}");
    assert_eq!(server.terminate(), Some(0));
    assert!(!home.path(".doorward/control.sock").exists());

    let server = home.serve();
    home.run(&["key", "list"]).expect(0);
    // A command was answered meanwhile: whatever the start had to say is said.
    let told: Vec<String> = server.told.try_iter().collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(!home.log().contains(&token));
}

#[test]
fn no_secret_reaches_the_log_at_its_most_talkative() {
    // proves KEY-1, AUT-4
    let mut home = Home::new();
    home.set("DOORWARD_LOG", "trace");
    home.set("DOORWARD_LOG_FORMAT", "json");
    let server = home.serve();
    let first = key(&server).expect("a key for the first run");
    fs::write(home.path("key.txt"), &first).unwrap();
    let target = ["--url", &server.address, "--key-file", "key.txt"];
    let create = [&["key", "create", "ci", "--scope", "authorize"][..], &target].concat();
    let made = home.run(&create).expect(0).stdout;
    let made = made.split_whitespace().next().unwrap().to_owned();
    assert_eq!(server.terminate(), Some(0));
    let log = home.log();
    assert!(log.lines().count() > 20, "{log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    for secret in [first, made] {
        assert!(!log.contains(&secret), "a key is in the log");
    }
}

#[test]
fn a_killed_server_leaves_nothing_that_keeps_the_next_from_starting() {
    // proves OPS-1
    let home = Home::new();
    home.serve().kill();
    let server = home.serve();
    home.run(&["key", "list"]).expect(0);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn nothing_is_made_where_the_policies_are_broken() {
    // proves POL-2
    let home = Home::embedded();
    fs::write(home.path("policies/user.cedar"), "permit (principal,\n  action resource);\n").unwrap();
    let ended = home.run(&[]).expect(1);
    assert!(ended.stderr.contains("policies/user.cedar:2:10: error: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was started"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(!home.path(".doorward").exists());
}

#[test]
fn readiness_tells_of_a_broken_folder_and_of_a_store_that_is_gone() {
    // proves OPS-3, POL-2
    let home = Home::new();
    let server = home.serve();
    assert_eq!(server.get("/healthz").0, 200);
    let (status, report) = server.get("/readyz");
    assert_eq!((status, &report["status"]), (200, &"ready".into()), "{report}");

    fs::write(home.path("policies/user.cedar"), "permit (principal,\n  action resource);\n").unwrap();
    until("the broken folder is told", || server.get("/readyz").1["status"] == "degraded");
    let (status, report) = server.get("/readyz");
    let reason = report["parts"]["policies"]["reason"].as_str().unwrap();
    assert_eq!(status, 200);
    assert!(reason.contains("policies/user.cedar:2:10: "), "{reason}");
    assert!(home.log().contains("policies/user.cedar:2:10"), "{}", home.log());
    fs::copy(repository().join("policies/user.cedar"), home.path("policies/user.cedar")).unwrap();
    until("the mended folder is told", || server.get("/readyz").1["status"] == "ready");

    let name = home.database().name();
    home.database().run(&format!("\\c template1\ndrop database {name} with (force)")).unwrap();
    until("the store that is gone is told", || server.get("/readyz").0 == 503);
    let (_, report) = server.get("/readyz");
    assert_eq!(report["parts"]["database"]["reason"], "the store does not answer", "{report}");
    assert_eq!(server.get("/healthz").0, 200);
    let (status, problem) = server.get("/api/v1/keys");
    assert_eq!((status, &problem["code"]), (401, &"unauthenticated".into()));
    assert_eq!(server.terminate(), Some(0), "it stops in order all the same");
}

#[test]
fn no_edit_of_the_folder_leaves_a_question_without_its_answer() {
    // proves POL-2
    let home = Home::new();
    let _server = home.serve();
    home.run(&["import", repository().join("examples/acme.ndjson").to_str().unwrap()]).expect(0);
    let (file, away) = (home.path("policies/core.cedarschema"), home.path("core.away"));
    let whole = fs::read(&file).unwrap();
    let broken = || home.run(&["policies", "check"]).code == Some(1);
    let answers = || grace(&home).contains("\"decision\": \"allow\"");
    // Half-written, no text, deleted, a folder instead of a file, a link that leads nowhere.
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(broken() && answers());
    fs::write(&file, b"\xff\xfe\x00").unwrap();
    assert!(broken() && answers());
    fs::rename(&file, &away).unwrap();
    assert!(broken() && answers());
    fs::create_dir(&file).unwrap();
    assert!(broken() && answers());
    fs::remove_dir(&file).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    assert!(broken() && answers());
    fs::rename(away, &file).unwrap();
    assert!(!broken() && answers());
    until("the whole folder is in force", || home.run(&["policies", "check"]).code == Some(0) && answers());
}
