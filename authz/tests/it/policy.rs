//! What every policy has to carry.

use crate::support::{Folder, forbid, permit, place};

const SCOPE: &str = "principal is User, action, resource";

#[test]
fn a_policy_without_id_or_description_is_refused_at_its_first_line() {
    // proves POL-3
    for (text, place_of, lacks) in [
        ("\npermit (principal, action, resource);", "policies/rooms.cedar:2:1", "no @id"),
        ("@id\npermit (principal, action, resource);", "policies/rooms.cedar:1:1", "no @id"),
        ("@id(\" \")\npermit (principal, action, resource);", "policies/rooms.cedar:1:1", "no @id"),
        ("// why\n@id(\"a\")\npermit (principal, action, resource);", "policies/rooms.cedar:2:1", "no @desc"),
        (
            "@id(\"a\")@description(\"\t\n\")\npermit (principal, action, resource);",
            "policies/rooms.cedar:1:1",
            "no @desc",
        ),
    ] {
        let finding = Folder::small(text).finding();
        assert_eq!(place(&finding), place_of, "{finding}");
        assert!(finding.message.contains(lacks), "{finding}");
    }
}

#[test]
fn an_id_used_twice_names_the_first_place() {
    // proves POL-3
    let folder = Folder::small(&format!("\n\n{}", permit("same", SCOPE, "")))
        .with("later.cedar", permit("same", SCOPE, ""))
        .with("zoo.cedar", permit("same", SCOPE, ""));
    let findings = folder.findings();
    let told: Vec<_> = findings.iter().map(|f| (place(f), f.message.clone())).collect();
    let message = "@id \"same\" is already used at policies/later.cedar:1".to_owned();
    assert_eq!(
        told,
        [("policies/rooms.cedar:3:1".into(), message.clone()), ("policies/zoo.cedar:1:1".into(), message)]
    );
}

#[test]
fn two_policies_of_one_text_are_told_apart_by_their_lines() {
    // proves POL-3
    let text = permit("same", SCOPE, "");
    let finding = Folder::small(&format!("{text}\n{text}")).finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:6:1");
    assert!(finding.message.ends_with("policies/rooms.cedar:1"), "{finding}");
}

#[test]
fn a_template_is_refused() {
    // proves POL-3
    let finding = Folder::small(&format!(
        "{}{}",
        permit("a", SCOPE, ""),
        permit("slot", "principal == ?principal, action, resource", "")
    ))
    .finding();
    assert_eq!(finding.line, 5, "{finding}");
    assert!(finding.message.contains("templates are not supported"), "{finding}");
}

#[test]
fn policies_are_listed_with_file_line_effect_and_description() {
    // proves POL-3, PDP-1
    let snapshot =
        Folder::small(&format!("// rooms\n{}\n{}", permit("b", SCOPE, ""), forbid("a", SCOPE, "")))
            .snapshot();
    let listed: Vec<_> = snapshot.policies().iter().map(|p| serde_json::to_value(&**p).unwrap()).collect();
    assert_eq!(
        listed,
        [
            serde_json::json!({ "id": "b", "description": "the policy b", "effect": "permit", "file": "policies/rooms.cedar", "line": 2 }),
            serde_json::json!({ "id": "a", "description": "the policy a", "effect": "forbid", "file": "policies/rooms.cedar", "line": 7 }),
        ]
    );
    let files: Vec<_> = snapshot.files().iter().map(|file| (file.file.as_str(), file.policies)).collect();
    assert_eq!(
        files,
        [("policies/core.cedarschema", 0), ("policies/plans.json", 0), ("policies/rooms.cedar", 2)]
    );
}

#[test]
fn a_file_without_policies_is_refused() {
    // proves POL-2
    // An editor that empties a file before it writes it would else take its forbids out of force.
    for text in ["", "// nothing yet\n"] {
        let finding = Folder::small(&permit("a", SCOPE, "")).with("limits.cedar", text).finding();
        assert_eq!(place(&finding), "policies/limits.cedar:1:1");
        assert!(finding.message.contains("holds no policies"), "{finding}");
    }
}

#[test]
fn more_than_ten_policies_in_a_file_keep_their_lines() {
    // proves PDP-1
    let text: String = (0..25).map(|n| permit(&format!("p{n}"), SCOPE, "")).collect();
    let snapshot = Folder::small(&text).snapshot();
    for policy in snapshot.policies() {
        let n: usize = policy.id[1..].parse().unwrap();
        assert_eq!(policy.line, 4 * n + 1, "{}", policy.id);
    }
}
