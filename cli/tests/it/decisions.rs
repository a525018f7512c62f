use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Ended, Home, Server, repository, until};

const GRACE: &str = "User::019aa000-0000-7000-8000-000000000030";
const ROADMAP: &str = "Resource::acme-roadmap";

/// A Doorward with the example in it.
fn start(home: &Home) -> Server {
    let server = home.serve();
    home.run(&["import", repository().join("examples/acme.ndjson").to_str().unwrap()]).expect(0);
    server
}

/// Grace reads the roadmap, from an address that the log masks; gives the decision's id.
fn ask(home: &Home) -> String {
    let question = ["policies", "explain", "--principal", GRACE, "--action", "resource.read", "--resource"];
    let told =
        home.run(&[&question[..], &[ROADMAP, "--context", r#"{"ip": "192.0.2.1"}"#, "--json"]].concat());
    let told: Value = serde_json::from_str(&told.expect(0).stdout).unwrap();
    told["decision_id"].as_str().unwrap().to_owned()
}

fn again(home: &Home, id: &str, more: &[&str]) -> Ended {
    home.run(&[&["policies", "explain", "--decision", id], more].concat())
}

fn logged(home: &Home, id: &str) {
    until("the decision is logged", || {
        home.run(&["decisions", "list", "--principal", GRACE]).expect(0).stdout.contains(id)
    });
}

#[test]
fn a_logged_decision_is_asked_again_and_compared() {
    // proves PDP-7
    let home = Home::new();
    let server = start(&home);
    let id = ask(&home);
    logged(&home, &id);

    let same = again(&home, &id, &[]).expect(0).stdout;
    for line in [
        format!("decision {id}, asked by Service::operator at "),
        format!("{GRACE} resource.read {ROADMAP}\n"),
        "then: allow\nnow:  allow\nthe decision is the same\nthe policies are the same (".to_owned(),
        "the facts and the time are today's".to_owned(),
        "because the log has them masked: ip.".to_owned(),
        "matched: permit content.shared.read (policies/content.cedar:".to_owned(),
    ] {
        assert!(same.contains(&line), "{line:?} is not in:\n{same}");
    }

    let path = home.path("policies/content.cedar");
    let kept = fs::read_to_string(&path).unwrap();
    let frozen = "\n@id(\"content.frozen\")\n@description(\"Nobody reads\")\n\
                  forbid (principal, action == Action::\"resource.read\", resource is Resource);\n";
    fs::write(&path, format!("{kept}{frozen}")).unwrap();
    until("the edit is in force", || again(&home, &id, &[]).expect(0).stdout.contains("now:  deny"));
    let changed = again(&home, &id, &[]).expect(0).stdout;
    for line in [
        "then: allow\nnow:  deny: a policy forbids it\nthe decision changed\n",
        "    newly decides: content.frozen\n    no longer decides: content.shared.read\n",
        "the policies differ (",
    ] {
        assert!(changed.contains(line), "{line:?} is not in:\n{changed}");
    }
    let compared: Value = serde_json::from_str(&again(&home, &id, &["--json"]).expect(0).stdout).unwrap();
    assert_eq!(compared["then"]["decision"], "allow");
    assert_eq!(compared["now"]["decision"], "deny");
    let comparison = &compared["comparison"];
    assert_eq!(comparison["decision"], "changed");
    assert_eq!(comparison["policy_hash"], "different");
    assert_eq!(comparison["newly_deciding"][0], "content.frozen");
    assert_eq!(comparison["no_longer_deciding"][0], "content.shared.read");
    assert_eq!(comparison["left_out"][0], "ip");

    until("the denials are logged", || {
        let denied = home.run(&["decisions", "list", "--decision", "deny", "--policy", "content.frozen"]);
        denied.expect(0).stdout.lines().any(|line| line.ends_with("  forbidden  [content.frozen]"))
    });
    let missing = again(&home, "019aa000-0000-7000-8000-00000000dead", &[]).expect(3);
    assert!(missing.stderr.contains("there is no such decision (not_found)"), "{}", missing.stderr);
    let refused = home.run(&["decisions", "list", "--reason", "because"]).expect(3);
    assert!(refused.stderr.contains("(invalid)"), "{}", refused.stderr);
    again(&home, &id, &["--action", "resource.read"]).expect(2);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn what_waits_when_it_is_stopped_is_logged_and_a_line_is_printed_for_each() {
    // proves PDP-7
    let mut home = Home::new();
    home.set("DOORWARD_DECISION_LOG", "stdout,postgres");
    let server = start(&home);
    let first = ask(&home);
    let printed = loop {
        let line = server.told.recv_timeout(Duration::from_secs(10)).unwrap();
        if let Ok(logged) = serde_json::from_str::<Value>(&line) {
            break logged;
        }
    };
    assert_eq!(printed["id"], first);
    assert_eq!(printed["context"]["ip"], "(masked)");
    let last = ask(&home);
    assert_eq!(server.terminate(), Some(0));
    let server = home.serve();
    let shown = home.run(&["decisions", "list", "--json"]).expect(0).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["decisions"][0]["id"], last);
    assert_eq!(shown["decisions"][1], printed);
    assert_eq!(server.terminate(), Some(0));
}

#[cfg(feature = "embedded")]
#[test]
fn the_log_is_kept_in_the_embedded_store() {
    // proves PDP-7, OPS-2
    let home = Home::embedded();
    let server = start(&home);
    let id = ask(&home);
    logged(&home, &id);
    assert!(again(&home, &id, &[]).expect(0).stdout.contains("the decision is the same"));
    assert_eq!(server.terminate(), Some(0));
}
