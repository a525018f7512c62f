//! What a snapshot tells about its schema.

use authz::{Snapshot, action_name};

use crate::support::{Folder, NOTES_SCHEMA, permit, shipped, uid};

fn snapshot() -> Snapshot {
    Folder::small(&permit("p", "principal is User, action, resource", ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .snapshot()
}

#[test]
fn actions_go_by_the_names_that_people_write() {
    // proves PDP-1
    let snapshot = snapshot();
    for name in ["room.enter", "Notes::read"] {
        assert_eq!(action_name(&snapshot.action(name).unwrap()), name);
    }
    assert_eq!(snapshot.action("Notes::read"), Some(uid("Notes::Action", "read")));
    assert_eq!(snapshot.action("content.read"), None, "nothing can be asked about a group");
    for unknown in [
        "Notes::Action::\"read\"",
        "Action::\"room.enter\"",
        "",
        "read",
        "Notes::write",
        "notes::read",
        "Other::read",
        "::read",
        "Notes::",
        "a b::c",
    ] {
        assert_eq!(snapshot.action(unknown), None, "{unknown}");
    }
}

#[test]
fn actions_are_listed_without_groups() {
    // proves PDP-1
    assert_eq!(snapshot().actions(), ["Notes::read", "hall.enter", "room.enter", "room.paint"]);
    let shipped = Snapshot::load(&shipped(), &[]).unwrap();
    let actions = shipped.actions();
    assert!(actions.iter().any(|action| action == "Docs::index"));
    assert!(actions.iter().all(|name| shipped.action(name).is_some_and(|uid| action_name(&uid) == *name)));
    assert!(!actions.iter().any(|action| action == "content.read" || action == "readOnly"));
}

#[test]
fn the_actions_of_a_group_are_listed_for_the_types_that_they_apply_to() {
    // proves PDP-1
    let snapshot = snapshot();
    let (ann, room, note) = (uid("User", "ann"), uid("Room", "hall"), uid("Notes::Note", "one"));
    assert_eq!(snapshot.actions_in("content.read", &ann, &room), ["room.enter"]);
    assert_eq!(snapshot.actions_in("content", &ann, &room), ["room.enter", "room.paint"]);
    assert_eq!(snapshot.actions_in("content.read", &ann, &note), ["Notes::read"]);
    let none: [String; 0] = [];
    assert_eq!(snapshot.actions_in("content.manage", &ann, &room), none);
    assert_eq!(snapshot.actions_in("room.enter", &ann, &room), none, "an action is no group");
    assert_eq!(snapshot.actions_in("unheard of", &ann, &room), none);
}

#[test]
fn resource_types_are_those_of_applications_and_the_general_one() {
    // proves RES-3
    let shipped = Snapshot::load(&shipped(), &[]).unwrap();
    for (name, is_resource) in [
        ("Resource", true),
        ("Docs::Document", true),
        ("Docs::Folder", true),
        ("Docs::Ghost", false),
        ("Docs::Action", false),
        ("User", false),
        ("Organization", false),
        ("Workspace", false),
        ("Agent", false),
        ("", false),
    ] {
        assert_eq!(shipped.is_resource_type(name), is_resource, "{name}");
    }
}

#[test]
fn a_uid_is_made_for_declared_types_only() {
    // proves PDP-4
    let snapshot = snapshot();
    assert_eq!(snapshot.uid("Notes::Note", "a\"b"), Some(uid("Notes::Note", "a\"b")));
    for unknown in ["Note", "notes::Note", "Action", "Notes::", "", "User\"", "Asked"] {
        assert_eq!(snapshot.uid(unknown, "x"), None, "{unknown}");
    }
}

#[test]
fn kinds_without_attributes_and_groups_carry_no_facts() {
    // proves PDP-3
    let snapshot = snapshot();
    for (kind, carries) in
        [("User", true), ("Group", true), ("Team", false), ("Hall", false), ("Notes::Note", true)]
    {
        assert_eq!(snapshot.carries_facts(&uid(kind, "x")), carries, "{kind}");
    }
}
