//! Everything that is wrong is told together, each with its place.

use authz::{Report, Severity};

use crate::support::{Folder, SCHEMA, permit, place};

#[test]
fn syntax_errors_in_two_files_are_told_together_with_their_lines() {
    // proves POL-2
    let folder = Folder::small("@id(\"a\")\npermit (principal, action, resource) whn { true };")
        .with("other.cedar", "\n\nforbid (principal, action resource);");
    let findings = folder.findings();
    let places: Vec<_> = findings.iter().map(place).collect();
    assert_eq!(places, ["policies/other.cedar:3:27", "policies/rooms.cedar:2:38"], "{}", Report(findings));
    assert_eq!(findings[0].source_line.as_deref(), Some("forbid (principal, action resource);"));
    assert_eq!(
        findings[1].source_line.as_deref(),
        Some("permit (principal, action, resource) whn { true };")
    );
}

#[test]
fn a_finding_prints_its_place_its_line_and_a_mark_under_the_column() {
    // proves POL-2
    let text = Folder::small("\nforbid (principal, action resource);").finding().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("policies/rooms.cedar:2:27: error: "), "{text}");
    assert_eq!(lines[1], " 2 | forbid (principal, action resource);", "{text}");
    assert_eq!(lines[2], "   |                           ^", "{text}");
}

#[test]
fn a_schema_and_a_policy_that_are_both_broken_are_both_told() {
    // proves POL-2
    let folder = Folder::small("permit (principal, action resource);")
        .with("core.cedarschema", "entity User {\n  level: Long,\n  status Status\n};");
    let places: Vec<_> = folder.findings().iter().map(place).collect();
    assert_eq!(places, ["policies/core.cedarschema:3:10", "policies/rooms.cedar:1:27"]);
}

#[test]
fn an_undeclared_type_is_told_in_the_schema_file_that_names_it() {
    // proves POL-2
    let folder = Folder::small(&permit("any", "principal is User, action, resource", ""))
        .with("house.cedarschema", "\nentity Roof {\n  tiles: Set<Tile>\n};");
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/house.cedarschema:3:14", "{finding}");
    assert!(finding.message.contains("Tile"), "{finding}");
}

#[test]
fn an_application_that_names_an_undeclared_type_is_told_in_its_own_file() {
    // proves POL-2
    let folder = Folder::small(&permit("any", "principal is User, action, resource", ""))
        .with("apps/good.cedarschema", "namespace Good { entity Thing; }")
        .with("apps/bad.cedarschema", "namespace Bad {\n  entity Thing { of: Nothing };\n}");
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/apps/bad.cedarschema:2:22", "{finding}");
}

#[test]
fn an_attribute_that_is_misspelled_is_told_with_what_was_meant() {
    // proves POL-3
    let folder =
        Folder::small(&permit("any", "principal is User, action, resource", "when { principal.levl > 1 }"));
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:4:8", "{finding}");
    assert!(finding.message.contains("levl"), "{finding}");
    assert_eq!(finding.help.as_deref(), Some("did you mean `level`?"), "{finding}");
    assert!(finding.to_string().contains("help: did you mean `level`?"));
}

#[test]
fn an_optional_attribute_that_is_read_unasked_is_refused() {
    // proves POL-3
    let folder = Folder::small(&permit(
        "any",
        "principal is User, action == Action::\"room.enter\", resource",
        "when { resource.owner == principal }",
    ));
    assert!(folder.finding().to_string().contains("has"), "{}", folder.finding());
}

#[test]
fn a_typo_in_a_closed_list_is_refused() {
    // proves POL-3
    let folder = Folder::small(&permit(
        "any",
        "principal is User, action, resource",
        "when { principal.status == Status::\"aktive\" }",
    ));
    assert!(folder.finding().message.contains("aktive"), "{}", folder.finding());
}

#[test]
fn a_policy_that_can_never_match_is_a_warning_and_loads() {
    // proves POL-3
    let snapshot = Folder::small(&permit(
        "never",
        "principal is User, action == Action::\"room.enter\", resource is Hall",
        "",
    ))
    .snapshot();
    let [warning, ..] = snapshot.warnings() else { panic!("nothing said") };
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!(place(warning), "policies/rooms.cedar:1:1", "{warning}");
}

#[test]
fn an_empty_folder_is_told_all_that_it_lacks() {
    // proves POL-2
    let findings = Report(Folder::empty().findings()).to_string();
    assert!(findings.contains("no schema (*.cedarschema)"), "{findings}");
    assert!(findings.contains("no plans.json"), "{findings}");
}

#[test]
fn a_folder_without_policies_is_refused_even_if_the_schema_has_warnings() {
    // proves POL-2
    let folder = Folder::empty().with("core.cedarschema", SCHEMA).with("plans.json", "{}");
    assert!(folder.finding().message.contains("no policies"), "{}", folder.finding());
    // A type that hides a builtin is a warning.
    folder.write("more.cedarschema", "type ipaddr = Long;");
    let findings = Report(folder.findings()).to_string();
    assert!(findings.contains("no policies"), "{findings}");
}

#[test]
fn a_folder_without_a_schema_is_refused() {
    // proves POL-2
    let folder = Folder::small(&permit("any", "principal, action, resource", ""));
    folder.remove("core.cedarschema");
    assert!(folder.finding().message.contains("no schema"), "{}", folder.finding());
}

#[test]
fn a_schema_that_lacks_an_action_the_program_asks_about_is_refused() {
    // proves POL-2
    let folder = Folder::small(&permit("any", "principal, action, resource", ""))
        .with("apps/notes.cedarschema", crate::support::NOTES_SCHEMA);
    let needed = ["room.enter", "room.burn", "read"];
    let report = authz::Snapshot::load(folder.path(), &needed).expect_err("refused");
    let messages: Vec<_> = report.errors().map(|error| error.message.as_str()).collect();
    // An application's action of that name does not stand in for the core's.
    assert_eq!(
        messages,
        [
            "Doorward needs action \"room.burn\", which is not declared",
            "Doorward needs action \"read\", which is not declared"
        ]
    );
    assert_eq!(report.0[0].file, "policies/core.cedarschema");
}
