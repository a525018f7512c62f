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
