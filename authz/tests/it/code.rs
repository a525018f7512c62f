//! The words that programs know refusals by.

use authz::{Snapshot, refusal_code};

use crate::support::{Folder, anna_and_the_kitchen, anna_enters, ask, forbid, permit, place, shipped};

const SCOPE: &str = "principal is User, action, resource";

/// A forbid of everything that carries a code.
fn coded(code: &str, id: &str) -> String {
    format!("@code(\"{code}\")\n{}", forbid(id, SCOPE, ""))
}

/// The code of the refusal when Anna enters the kitchen.
fn refusal(snapshot: &Snapshot) -> Option<String> {
    let decision = ask(snapshot, &anna_enters(), anna_and_the_kitchen());
    assert!(!decision.is_allow());
    refusal_code(&decision.policies).map(str::to_owned)
}

#[test]
fn a_policy_is_listed_with_its_code() {
    // proves POL-3
    let snapshot = Folder::small(&(coded("kitchen_closed", "a") + &forbid("b", SCOPE, ""))).snapshot();
    let listed: Vec<_> = snapshot.policies().iter().map(|p| serde_json::to_value(&**p).unwrap()).collect();
    assert_eq!(listed[0]["code"], "kitchen_closed");
    assert!(!listed[1].as_object().unwrap().contains_key("code"), "{}", listed[1]);
}

#[test]
fn a_code_is_made_of_lower_case_letters_digits_and_underscores() {
    // proves POL-3, API-1
    for good in ["a", "_", "0", "limit_of_2", &"x".repeat(64)] {
        let snapshot = Folder::small(&coded(good, "a")).snapshot();
        assert_eq!(snapshot.policies()[0].code.as_deref(), Some(good));
    }
    for bad in ["", " ", "Closed", "not-open", "not open", "closed\\n", "fermé", "a.b", &"x".repeat(65)] {
        let finding = Folder::small(&format!("\n{}", coded(bad, "a"))).finding();
        assert_eq!(place(&finding), "policies/rooms.cedar:2:1", "{finding}");
        assert!(finding.message.contains("@code"), "{finding}");
        assert!(finding.message.contains("1 to 64 lower-case letters"), "{finding}");
    }
    let finding = Folder::small(&format!("@code\n{}", forbid("a", SCOPE, ""))).finding();
    assert!(finding.message.starts_with("@code \"\" is not"), "{finding}");
}

#[test]
fn a_permit_has_no_code() {
    // proves POL-3
    let text = format!("{}@code(\"open\")\n{}", permit("a", SCOPE, ""), permit("b", SCOPE, ""));
    let finding = Folder::small(&text).finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:5:1", "{finding}");
    assert!(finding.message.contains("@code belongs on forbids"), "{finding}");
}

#[test]
fn the_first_by_file_and_line_of_those_that_forbid_gives_the_code() {
    // proves API-1
    // By id they would stand the other way round.
    let folder = Folder::small(&permit("enter", SCOPE, ""))
        .with("b.cedar", coded("last", "a"))
        .with("a.cedar", forbid("e", SCOPE, "") + &coded("first", "d") + &coded("second", "c"));
    assert_eq!(refusal(&folder.snapshot()).as_deref(), Some("first"));
    // Lines are numbers: the tenth comes after the ninth.
    folder.write("a.cedar", format!("// one\n\n{}\n{}", coded("line_3", "x"), coded("line_9", "d")));
    folder.write("b.cedar", "\n".repeat(9) + &coded("line_10", "a"));
    assert_eq!(refusal(&folder.snapshot()).as_deref(), Some("line_3"));
    folder.write("a.cedar", "\n".repeat(8) + &coded("line_9", "d") + "\n\n" + &coded("line_16", "a"));
    folder.remove("b.cedar");
    assert_eq!(refusal(&folder.snapshot()).as_deref(), Some("line_9"));
}

#[test]
fn policies_that_do_not_forbid_give_no_code() {
    // proves API-1
    let elsewhere = "principal is User, action == Action::\"hall.enter\", resource";
    let folder = Folder::small(&permit("enter", SCOPE, ""))
        .with("a.cedar", format!("@code(\"hall\")\n{}", forbid("a", elsewhere, "")))
        .with("b.cedar", forbid("b", SCOPE, ""));
    assert_eq!(refusal(&folder.snapshot()), None);
    folder.write("c.cedar", coded("room", "c"));
    assert_eq!(refusal(&folder.snapshot()).as_deref(), Some("room"));
}

#[test]
fn the_state_of_the_account_is_told_before_all_else_and_re_authentication_last() {
    // proves ACC-2
    let snapshot = Snapshot::load(&shipped(), &[]).unwrap();
    let policies = snapshot.policies();
    // What is refused by the state of a workspace is nothing sensitive.
    let of_others = policies.iter().filter(|policy| !policy.file.ends_with("workspace.cedar"));
    let codes: Vec<_> = of_others.filter_map(|policy| policy.code.clone()).collect();
    assert_eq!(
        codes[..4],
        ["account_inactive", "password_must_change", "email_unverified", "account_expired"]
    );
    assert_eq!(codes[codes.len() - 2..], ["reauthentication_required", "second_factor_required"]);
}
