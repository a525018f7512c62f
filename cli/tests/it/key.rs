use std::fs;

use crate::support::Home;

/// The token and the id of a key that was just made.
fn made(stdout: &str) -> (String, String) {
    let (token, rest) = stdout.split_once("  (shown once; id ").unwrap();
    (token.to_owned(), rest.trim_end().trim_end_matches(')').to_owned())
}

#[test]
fn a_key_is_shown_once_and_works_from_a_file_until_it_is_revoked() {
    // proves KEY-1
    let home = Home::new();
    let server = home.serve();
    let (token, id) = made(&home.run(&["key", "create", "ci", "--scope", "keys:manage"]).expect(0).stdout);
    assert!(token.starts_with("dw_"), "{token}");
    fs::write(home.path("key.txt"), format!("{token}\n")).unwrap();
    let list = ["key", "list", "--url", &server.address, "--key-file", "key.txt"];
    let listed = home.run(&list).expect(0).stdout;
    assert!(listed.contains(&id) && listed.contains("[keys:manage]"), "{listed}");
    assert!(!listed.contains(&token), "{listed}");
    // What a key may not do is no.
    let more = ["key", "create", "x", "--scope", "import", "--url", &server.address, "--key-file", "key.txt"];
    assert!(home.run(&more).expect(1).stderr.contains("(forbidden)"));
    home.run(&["key", "revoke", &id]).expect(0);
    assert!(home.run(&list).expect(1).stderr.contains("(invalid_token)"));
}

#[test]
fn an_organizations_keys_are_its_own() {
    // proves KEY-1
    let home = Home::new();
    let _server = home.serve();
    let org = "019aa000-0000-7000-8000-0000000000a1";
    let line = format!(
        r#"{{"organization": {{"id": "{org}", "slug": "acme", "name": "Acme", "plan": "pro", "subscription_status": "active"}}}}"#
    );
    home.run_with(&["import", "-"], &line).expect(0);
    let create = ["key", "create", "app", "--org", org, "--scope", "authorize", "--scope", "resources:read"];
    let (_, id) = made(&home.run(&create).expect(0).stdout);
    assert!(home.run(&["key", "list", "--org", org]).expect(0).stdout.starts_with(&id));
    assert!(!home.run(&["key", "list"]).expect(0).stdout.contains(&id));
}

#[test]
fn a_refusal_is_1_and_says_which_field_is_wrong() {
    // proves KEY-1
    let home = Home::new();
    let _server = home.serve();
    for (arguments, said) in [
        (&["key", "create", "", "--scope", "authorize"][..], "name: 1 to 100 characters"),
        (&["key", "create", "x", "--scope", "everything"], "everything"),
        (
            &["key", "create", "x", "--scope", "authorize", "--expires-at", "2020-01-01T00:00:00Z"],
            "expires_at: ",
        ),
        (&["key", "create", "x", "--scope", "authorize", "--expires-at", "soon"], "expires_at: "),
        (&["key", "revoke", "no-uuid"], "UUID"),
        (&["key", "revoke", "019aa000-0000-7000-8000-00000000dead"], "(not_found)"),
        (&["key", "list", "--org", "019aa000-0000-7000-8000-00000000dead"], "(not_found)"),
    ] {
        let ended = home.run(arguments).expect(1);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
    home.run(&["key", "create", "x"]).expect(2);
}

#[test]
fn a_file_that_holds_no_key_is_told_before_anything_is_sent() {
    // proves KEY-1
    let home = Home::embedded();
    fs::write(home.path("key.txt"), "two\nlines that are not a key of any kind\n").unwrap();
    let url = "http://127.0.0.1:1";
    let ended = home.run(&["key", "list", "--url", url, "--key-file", "key.txt"]).expect(3);
    assert!(ended.stderr.contains("key.txt does not hold an API key"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("of any kind"), "{}", ended.stderr);
    let ended = home.run(&["key", "list", "--url", url, "--key-file", "none.txt"]).expect(3);
    assert!(ended.stderr.contains("none.txt cannot be read"), "{}", ended.stderr);
    let ended = home.run(&["key", "list", "--url", url]).expect(3);
    assert!(ended.stderr.contains("DOORWARD_BOOTSTRAP_KEY"), "{}", ended.stderr);
    fs::write(home.path("key.txt"), "dw_a-key-that-nobody-has-ever-made-it").unwrap();
    let ended = home.run(&["key", "list", "--url", url, "--key-file", "key.txt"]).expect(3);
    assert!(ended.stderr.contains("cannot be reached"), "{}", ended.stderr);
}
