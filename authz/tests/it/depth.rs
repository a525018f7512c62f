//! Text that is too deep for a recursive parser or evaluator is refused; what is accepted can be used.

use authz::unformatted;

use crate::support::{Folder, anna_and_the_kitchen, anna_enters, ask, code, permit, place, ready};

const SCOPE: &str = "principal is User, action, resource is Room";

fn refused(text: &str, message: &str) {
    let finding = Folder::small(text).finding();
    assert!(finding.message.contains(message), "{}", finding.message);
}

fn small() -> Folder {
    Folder::small(&when("true"))
}

fn when(expression: &str) -> String {
    permit("deep", SCOPE, &format!("when {{ {expression} }}"))
}

#[test]
fn nested_brackets_are_refused_with_their_place() {
    // proves POL-2
    let folder = Folder::small(&when(&format!("{}true{}", "(".repeat(200), ")".repeat(200))));
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:4:71", "{}", finding.message);
    assert_eq!(finding.message, "nested more than 64 deep");
    refused(&when(&format!("{}[]{} == []", "[".repeat(200), "]".repeat(200))), "nested");
    refused(&when(&format!("{}1{} == 1", "{a: ".repeat(200), "}".repeat(200))), "nested");
}

#[test]
fn chains_of_operators_are_refused() {
    // proves POL-2
    for link in [" && true", " || true", " + 1", " == 1", ".a", ".a()", "[\"a\"]", " has a", " in x", " - 1"]
    {
        let folder = Folder::small(&when(&format!("true{}", link.repeat(100_000))));
        assert!(folder.load().is_err(), "{link}");
    }
    refused(&when(&"if true then true else ".repeat(5_000)), "operators in one statement");
}

#[test]
fn chains_of_conditions_are_refused() {
    // proves POL-2
    refused(&permit("deep", SCOPE, &"when { true } ".repeat(100_000)), "in one statement");
}

#[test]
fn deep_schemas_and_plans_are_refused() {
    // proves POL-2
    let folder = small()
        .with("deep.cedarschema", format!("type T = {}Long{};", "Set<".repeat(9_999), ">".repeat(9_999)));
    assert!(folder.finding().message.contains("in one statement"));
    let folder = small().with("plans.json", "[".repeat(100_000));
    assert!(folder.finding().message.contains("nested"));
}

#[test]
fn the_longest_chain_that_is_accepted_can_be_decided_and_explained_on_a_small_stack() {
    // proves PDP-1, POL-2
    // Each as long as the limit lets it be.
    for (part, joint, count, last) in [
        ("context.mfa", " && ", 145, ""),
        ("principal.level == 2", " || ", 95, ""),
        ("principal.level", " + ", 145, " < 0"),
        ("1", " + ", 290, " < 0"),
        ("principal.level", " - ", 145, " > 0"),
    ] {
        let folder = Folder::small(&when(&format!("{}{last}", vec![part; count].join(joint))));
        let snapshot = folder.snapshot();
        // What a tokio worker has.
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || {
                let decision = ask(&snapshot, &anna_enters(), anna_and_the_kitchen());
                assert_eq!(code(&decision), "no_policy_allows");
                let posed = snapshot.pose(&anna_enters()).unwrap();
                let explained = snapshot.explain(&posed, &ready(&snapshot, anna_and_the_kitchen()).unwrap());
                assert_eq!(code(&explained.decision), code(&decision));
            })
            .unwrap()
            .join()
            .unwrap();
    }
}

#[test]
fn a_policy_looks_three_entities_deep_and_no_deeper() {
    // proves POL-3
    let scope = "principal is User, action == Action::\"room.enter\", resource is Room";
    let deep = |path: &str| {
        Folder::small(&permit("deep", scope, &format!("when {{ resource has house && {path} }}")))
    };
    deep("resource.house.street == Street::\"s\"").snapshot();
    deep("resource.house.street.town == Town::\"t\"").snapshot();
    let finding = deep("resource.house.street.town.name == \"Ys\"").finding();
    assert_eq!(finding.line, 4, "{finding}");
    assert!(finding.message.contains("level"), "{finding}");
    deep("User::\"boss\".level == 1").findings();
}

#[test]
fn the_formatter_refuses_what_the_loader_refuses() {
    // proves POL-4
    for text in [
        when(&format!("{}true{}", "(".repeat(5_000), ")".repeat(5_000))),
        when(&format!("true{}", " && true".repeat(100_000))),
    ] {
        let report = unformatted(Folder::small(&text).path()).expect_err("refused");
        assert_eq!(report.0.len(), 1);
    }
}
