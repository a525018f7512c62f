use std::fs;

use crate::support::{Home, repository};

#[test]
fn the_cases_that_ship_pass_and_show_every_policy_at_work() {
    // proves POL-4
    let ended = Home::embedded().run(&["policies", "test"]).expect(0);
    assert!(ended.stdout.contains(" 0 failed; "), "{}", ended.stdout);
    assert!(!ended.stdout.contains("no case shows"), "{}", ended.stdout);
}

#[test]
fn the_matrix_that_ships_is_the_one_that_the_policies_make() {
    // proves API-7
    let drawn = Home::embedded().run(&["policies", "matrix"]).expect(0).stdout;
    let kept = fs::read_to_string(repository().join("policies/matrix.txt")).unwrap();
    assert!(
        drawn == kept,
        "policies/matrix.txt is not up to date: run `make matrix` and read the difference"
    );
}

#[test]
fn the_policies_that_ship_have_their_one_layout() {
    Home::embedded().run(&["policies", "fmt", "--check"]).expect(0);
}

#[test]
fn a_broken_folder_fails_the_check_with_file_line_and_column() {
    // proves POL-2
    let home = Home::embedded();
    fs::write(home.path("policies/user.cedar"), "permit (principal,\n  action resource);\n").unwrap();
    let ended = home.run(&["policies", "check"]).expect(1);
    assert!(ended.stderr.contains("policies/user.cedar:2:10: error: "), "{}", ended.stderr);
}

#[test]
fn a_case_that_fails_is_told_by_its_name() {
    // proves POL-4
    let home = Home::embedded();
    let case = r#"{ "world": "world.json", "cases": [{ "name": "olga may not", "principal": "User::olga",
        "action": "org.view", "resource": "Organization::acme", "expect": "deny" }] }"#;
    fs::write(home.path("policies/tests/own.json"), case).unwrap();
    let ended = home.run(&["policies", "test"]).expect(1);
    assert!(ended.stderr.contains("olga may not: expected deny, got allow"), "{}", ended.stderr);
}

#[test]
fn formatting_changes_the_layout_alone() {
    let home = Home::embedded();
    let path = home.path("policies/user.cedar");
    let kept = fs::read_to_string(&path).unwrap();
    fs::write(&path, kept.replace('\n', "\n\n")).unwrap();
    home.run(&["policies", "fmt", "--check"]).expect(1);
    home.run(&["policies", "fmt"]).expect(0);
    home.run(&["policies", "fmt", "--check"]).expect(0);
    home.run(&["policies", "test"]).expect(0);
}

#[test]
fn what_cannot_be_a_policy_is_told_with_its_place() {
    // proves POL-2, POL-3
    let policy = |id: &str, when: &str| {
        format!("@id(\"{id}\")\n@description(\"d\")\npermit (principal is User, action, resource){when};\n")
    };
    let deep = format!(" when {{ {}true{} }}", "(".repeat(200), ")".repeat(200));
    for (text, place, said) in [
        (policy("own", &deep), "own.cedar:3:", "nested more than"),
        (policy("own", "") + &policy("own", ""), "own.cedar:4:1: ", "already used at policies/own.cedar:1"),
        (policy("own", "").replace("@id(\"own\")\n", ""), "own.cedar:1:1: ", "no @id"),
        (policy("own", " when { principal.nose }"), "own.cedar:3:", "nose"),
        (policy("own", "").replace("is User", "is Alien"), "own.cedar:3:", "Alien"),
    ] {
        let home = Home::embedded();
        fs::write(home.path("policies/own.cedar"), &text).unwrap();
        for command in
            [&["policies", "check"][..], &["policies", "test"], &["policies", "matrix"], &["serve"]]
        {
            let ended = home.run(command).expect(1);
            let named = ended.stderr.lines().any(|line| line.contains(place) && line.contains(said));
            assert!(named, "{command:?}: {place} … {said}: {}", ended.stderr);
            assert_eq!(ended.stdout, "", "{command:?}");
        }
    }
    let home = Home::embedded();
    fs::write(home.path("policies/own.cedar"), b"\xff\xfe").unwrap();
    assert!(home.run(&["policies", "check"]).expect(1).stderr.contains("policies/own.cedar:"));
    let mut home = Home::embedded();
    home.set("DOORWARD_POLICIES", "./nowhere");
    assert!(home.run(&["policies", "check"]).expect(1).stderr.contains("nowhere"));
}

#[test]
fn a_new_policy_that_no_case_covers_is_named() {
    // proves POL-4
    let home = Home::embedded();
    let policy = "@id(\"own.unseen\")\n@description(\"d\")\npermit (\n  principal == User::\"nobody\",\n  action == \
                  Action::\"org.view\",\n  resource\n);\n";
    fs::write(home.path("policies/own.cedar"), policy).unwrap();
    let ended = home.run(&["policies", "test"]).expect(0);
    assert!(ended.stdout.contains("no case shows own.unseen at work"), "{}", ended.stdout);
    let ended = home.run(&["policies", "check"]).expect(0);
    assert!(ended.stdout.contains("are sound; hash "), "{}", ended.stdout);
}

#[test]
fn a_deny_that_comes_from_a_typing_error_is_no_passed_case() {
    // proves POL-4
    let home = Home::embedded();
    let case = |question: &str, rest: &str| {
        format!(
            r#"{{ "world": "world.json", "cases": [{{ "name": "typo", {question}, "expect": "deny"{rest} }}] }}"#
        )
    };
    for (question, reason) in [
        (
            r#""principal": "User::olga", "action": "org.veiw", "resource": "Organization::acme""#,
            "unknown_action",
        ),
        (
            r#""principal": "User::olag", "action": "org.view", "resource": "Organization::acme""#,
            "unknown_principal",
        ),
        (
            r#""principal": "User::olga", "action": "org.view", "resource": "Organization::acem""#,
            "unknown_resource",
        ),
        (r#""principal": "User::olga", "action": "org.view", "resource": "User::gary""#, "not_applicable"),
    ] {
        fs::write(home.path("policies/tests/own.json"), case(question, "")).unwrap();
        let ended = home.run(&["policies", "test"]).expect(1);
        assert!(ended.stderr.contains(&format!("add \"reason\": \"{reason}\"")), "{}", ended.stderr);
        let meant = case(question, &format!(r#", "reason": "{reason}""#));
        fs::write(home.path("policies/tests/own.json"), meant).unwrap();
        home.run(&["policies", "test"]).expect(0);
    }
}

#[test]
fn a_test_file_that_cannot_be_read_is_named() {
    // proves POL-4
    let home = Home::embedded();
    for text in
        ["{", r#"{ "kases": [] }"#, r#"{ "world": "../../etc/passwd" }"#, r#"{ "world": "none.json" }"#]
    {
        fs::write(home.path("policies/tests/own.json"), text).unwrap();
        let ended = home.run(&["policies", "test"]).expect(3);
        assert!(ended.stderr.contains("policies/tests/"), "{text}: {}", ended.stderr);
    }
}

#[test]
fn an_explanation_is_for_people_and_a_wrong_command_line_is_2() {
    // proves PDP-1, POL-4
    let home = Home::new();
    let ask = ["policies", "explain", "--principal", "User::nobody", "--resource", "Resource::x"];
    let with = |more: &[&'static str]| [&ask[..], more].concat();
    assert!(
        home.run(&with(&["--action", "resource.read"])).expect(3).stderr.contains("no Doorward runs here")
    );
    let _server = home.serve();
    let told = home.run(&with(&["--action", "resource.read"])).expect(0).stdout;
    assert!(told.starts_with("deny: "), "{told}");
    home.run(&with(&["--action", "resource.read", "--context", "{"])).expect(2);
    home.run(&with(&["--action", "resource.read", "--context", "[]"])).expect(2);
    home.run(&with(&[])).expect(2);
    home.run(&["policies", "explain", "--principal", "nobody", "--action", "a", "--resource", "R::x"])
        .expect(2);
}
