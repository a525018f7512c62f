//! An application's files speak of the application and of nothing else.

use authz::Report;

use crate::support::{
    Folder, NOTES_SCHEMA, anna_enters, ask, bare, code, entity, permit, question, reference, user,
};

const ANYONE: &str = "principal is User, action, resource is Room";

fn with_schema(schema: &str) -> Folder {
    Folder::small(&permit("any", ANYONE, "")).with("apps/x.cedarschema", schema)
}

fn with_policy(policy: &str) -> Folder {
    Folder::small(&permit("any", ANYONE, ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .with("apps/notes.cedar", policy)
}

fn refused(folder: &Folder, file: &str, message: &str) {
    let findings = folder.findings();
    assert!(
        findings.iter().any(|finding| finding.file == file && finding.message.contains(message)),
        "no {message:?} in {file}:\n{}",
        Report(findings)
    );
}

#[test]
fn the_core_is_the_empty_namespace() {
    // proves POL-1
    let folder = Folder::small(&permit("any", ANYONE, ""))
        .with("more.cedarschema", "// mine\nnamespace More { entity Thing; }");
    let finding = folder.finding();
    assert_eq!(crate::support::place(&finding), "policies/more.cedarschema:2:11");
    assert!(finding.message.contains("namespace More belongs under apps/"), "{finding}");
}

#[test]
fn an_application_declares_inside_a_namespace() {
    // proves POL-1
    let folder = with_schema("// of its own\n\nentity Thing;");
    assert_eq!(folder.finding().line, 3);
    refused(&folder, "policies/apps/x.cedarschema", "application x declares outside a namespace");
    refused(&with_schema("type T = Long;"), "policies/apps/x.cedarschema", "outside a namespace");
    refused(
        &with_schema("action \"own\" appliesTo { principal: [User], resource: [Room], context: Asked };"),
        "policies/apps/x.cedarschema",
        "outside a namespace",
    );
}

#[test]
fn a_namespace_belongs_to_the_first_application_that_declares_it() {
    // proves POL-1
    let folder = with_policy(&permit("own", "principal, action, resource is Notes::Note", ""))
        .with("apps/thief.cedarschema", "\nnamespace Notes { entity Page; }");
    let finding = folder.finding();
    assert_eq!(crate::support::place(&finding), "policies/apps/thief.cedarschema:2:11");
    assert!(finding.message.contains("namespace Notes already belongs to application notes"), "{finding}");
}

#[test]
fn an_application_joins_the_content_groups_only() {
    // proves POL-1
    let schema = |groups: &str| {
        format!(
            "namespace X {{ entity T;\naction \"go\" in [{groups}] appliesTo {{ principal: [User], resource: [T], context: Asked }}; }}"
        )
    };
    for open in ["content.read", "content.write", "content.manage"] {
        with_schema(&schema(&format!("Action::\"{open}\""))).snapshot();
    }
    for closed in ["readOnly", "content", "room.enter"] {
        let folder = with_schema(&schema(&format!("Action::\"content.read\", Action::\"{closed}\"")));
        assert_eq!(crate::support::place(&folder.finding()), "policies/apps/x.cedarschema:2:8");
        refused(&folder, "policies/apps/x.cedarschema", &format!("X::\"go\" joins \"{closed}\""));
    }
}

#[test]
fn an_application_does_not_join_anothers_groups() {
    // proves POL-1
    let folder = with_schema(NOTES_SCHEMA).with(
        "apps/y.cedarschema",
        "namespace Y { entity T; action \"go\" in [Notes::Action::\"list\"] appliesTo { principal: [User], resource: [T], context: Asked }; }",
    );
    refused(&folder, "policies/apps/y.cedarschema", "joins a group of another application, Notes::Action");
}

#[test]
fn an_application_declares_no_tags() {
    // proves POL-1
    refused(
        &with_schema("namespace X { entity Thing tags String; }"),
        "policies/apps/x.cedarschema",
        "entity X::Thing declares tags",
    );
}

#[test]
fn an_applications_policy_is_confined_to_its_namespace() {
    // proves POL-1
    let all = [
        ("principal, action, resource", false),
        ("principal, action, resource is Room", false),
        ("principal, action in Action::\"content\", resource", false),
        ("principal, action in [], resource", false),
        ("principal, action in [Notes::Action::\"read\", Action::\"room.enter\"], resource", false),
        ("principal == User::\"anna\", action, resource", false),
        ("principal in Notes::Note::\"n\", action, resource", false),
        ("principal, action, resource == Room::\"kitchen\"", false),
        ("principal, action, resource in Workspace::\"w\"", false),
        ("principal, action, resource is Other::Thing", false),
        ("principal, action in Notes::Action::\"list\", resource", true),
        ("principal, action == Notes::Action::\"read\", resource", true),
        ("principal is User, action in [Notes::Action::\"read\"], resource", true),
        ("principal is User, action in Action::\"content.read\", resource is Notes::Note", true),
        ("principal, action, resource == Notes::Note::\"n\"", true),
        ("principal, action, resource is Notes::Note in Workspace::\"w\"", true),
        ("principal is Notes::Reader, action, resource", true),
    ];
    for (scope, is_confined) in all {
        let folder = with_policy(&permit("p", scope, ""))
            .with("apps/other.cedarschema", "namespace Other { entity Thing; }");
        match folder.load() {
            Ok(_) => assert!(is_confined, "{scope}"),
            Err(report) => {
                assert!(!is_confined, "{scope}: {report}");
                assert!(report.to_string().contains("may only speak of its own namespace"), "{report}");
            }
        }
    }
}

#[test]
fn policies_without_a_schema_of_their_own_have_nothing_to_speak_of() {
    // proves POL-1
    let folder = Folder::small(&permit("any", ANYONE, "")).with("apps/x.cedar", permit("p", ANYONE, ""));
    refused(&folder, "policies/apps/x.cedar", "application x may only speak of its own namespace");
}

#[test]
fn a_dropped_in_type_is_covered_by_the_policies_on_content() {
    // proves POL-1
    let folder = Folder::small(&permit(
        "readers",
        "principal is User, action in Action::\"content.read\", resource",
        "",
    ))
    .with("apps/notes/notes.cedarschema", NOTES_SCHEMA);
    let snapshot = folder.snapshot();
    let facts = vec![
        user("anna", &[]),
        entity("Workspace", "w", serde_json::json!({ "name": "w" }), &[]),
        entity(
            "Notes::Note",
            "n",
            serde_json::json!({ "workspace": reference("Workspace", "w"), "pages": 3 }),
            &[("Workspace", "w")],
        ),
    ];
    let decision = ask(&snapshot, &question(("User", "anna"), "Notes::read", ("Notes::Note", "n")), facts);
    assert_eq!(code(&decision), "allow");
    let decision = ask(&snapshot, &anna_enters(), vec![user("anna", &[]), bare("Room", "kitchen")]);
    assert_eq!(code(&decision), "incomplete_facts", "a room without its attributes");
}

#[test]
fn an_action_that_could_never_be_asked_about_is_refused() {
    // proves POL-1
    // Doorward says `now` and `mfa` with every question; an action whose context takes neither would
    // be denied for good, whatever the policies say.
    let folder = with_schema(
        "namespace X { entity T;\n action \"go\" appliesTo { principal: [User], resource: [T] }; }",
    );
    refused(&folder, "policies/apps/x.cedarschema", "now: datetime");
}
