//! Entities are checked once, and what a decision is made with is whole all the same.

use authz::{Entity, Reason, Snapshot};
use serde_json::json;

use crate::support::{
    Folder, SCHEMA, anna_and_the_kitchen, anna_enters, bare, code, entity, permit, ready, reference, room,
    uid, user,
};

const ENTER: &str = "principal is User, action == Action::\"room.enter\", resource is Room";

fn snapshot() -> Snapshot {
    Folder::small(&permit("open", ENTER, "")).snapshot()
}

/// Decides over entities as they are, without adding what they lie in.
fn decide(snapshot: &Snapshot, facts: Vec<Entity>) -> authz::Decision {
    let facts: Vec<_> = facts.into_iter().map(|entity| snapshot.ready(entity).unwrap()).collect();
    snapshot.decide(&snapshot.pose(&anna_enters()).unwrap(), &facts)
}

#[test]
fn an_entity_tells_what_it_names_and_what_it_lies_in_as_far_as_that_carries_facts() {
    // proves PDP-3
    let attributes = json!({
        "size": 20, "label": "plain", "owner": reference("User", "olga"),
        "friends": [reference("User", "anna"), reference("User", "olga")],
    });
    let parents = [("Room", "house"), ("Workspace", "w")];
    let kitchen = snapshot().ready(entity("Room", "kitchen", attributes, &parents)).unwrap();
    assert_eq!(*kitchen.uid(), uid("Room", "kitchen"));
    assert_eq!(kitchen.references(), [uid("User", "anna"), uid("User", "olga")]);
    assert_eq!(kitchen.ancestors(), [uid("Room", "house"), uid("Workspace", "w")]);
    let anna = snapshot().ready(user("anna", &[("Team", "cooks"), ("Group", "g")])).unwrap();
    assert_eq!(anna.references(), []);
    assert_eq!(anna.ancestors(), [uid("Group", "g")]);
}

#[test]
fn an_entity_that_does_not_fit_the_schema_is_refused_with_what_is_wrong() {
    // proves PDP-3
    let status = reference("Status", "active");
    for (wrong, about) in [
        (entity("User", "bert", json!({ "status": status }), &[]), "level"),
        (entity("User", "bert", json!({ "status": status, "level": "high" }), &[]), "level"),
        (entity("User", "bert", json!({ "status": reference("Status", "aktiv"), "level": 1 }), &[]), "aktiv"),
        (user("bert", &[("Room", "kitchen")]), "Room"),
        (bare("Ghost", "g"), "Ghost"),
        (bare("Action", "room.enter"), "room.enter"),
        (entity("Group", "g", json!({}), &[("Group", "g")]), "lies in itself"),
    ] {
        let misfit = snapshot().ready(wrong).unwrap_err();
        assert!(misfit.contains(about), "{misfit}");
    }
}

#[test]
fn parents_that_are_not_all_ancestors_deny() {
    // proves PDP-3
    let snapshot = snapshot();
    let inner = |parents: &[(&str, &str)]| entity("Group", "inner", json!({}), parents);
    let facts = |anna: &[(&str, &str)], groups: Vec<Entity>| {
        [vec![user("anna", anna), room("kitchen", json!({}))], groups].concat()
    };
    let outer = || bare("Group", "outer");
    let whole = facts(&[("Group", "inner"), ("Group", "outer")], vec![inner(&[("Group", "outer")]), outer()]);
    assert_eq!(code(&decide(&snapshot, whole)), "allow");
    // Perhaps a forbid names `outer`.
    let short = facts(&[("Group", "inner")], vec![inner(&[("Group", "outer")]), outer()]);
    let decision = decide(&snapshot, short);
    let Some(Reason::IncompleteFacts(detail)) = &decision.reason else { panic!("{decision:?}") };
    assert!(detail.contains("not in Group::\"outer\""), "{detail}");
    let missing = facts(&[("Group", "inner"), ("Group", "outer")], vec![inner(&[("Group", "outer")])]);
    assert_eq!(code(&decide(&snapshot, missing)), "incomplete_facts");
}

#[test]
fn the_same_entity_twice_is_one_and_two_versions_of_it_deny() {
    // proves PDP-3
    let snapshot = snapshot();
    let twice = [anna_and_the_kitchen(), anna_and_the_kitchen()].concat();
    assert_eq!(code(&decide(&snapshot, twice)), "allow");
    let two = [anna_and_the_kitchen(), vec![user("anna", &[])]].concat();
    assert_eq!(code(&decide(&snapshot, two)), "incomplete_facts");
}

#[test]
fn what_was_checked_against_another_schema_is_checked_again() {
    // proves PDP-3
    let old = snapshot();
    let facts = ready(&old, anna_and_the_kitchen()).unwrap();
    let posed = old.pose(&anna_enters()).unwrap();
    // An action more, so that all others have other numbers.
    let more = format!(
        "action \"a\" appliesTo {{ principal: [User], resource: [Room], context: Asked }};\n{SCHEMA}"
    );
    let same = Folder::small(&permit("open", ENTER, "")).with("core.cedarschema", more).snapshot();
    assert_eq!(code(&same.decide(&posed, &facts)), "allow");
    let strict = SCHEMA.replace("level: Long", "level: Long, badge: Long");
    let strict = Folder::small(&permit("open", ENTER, "")).with("core.cedarschema", strict).snapshot();
    let decision = strict.decide(&posed, &facts);
    let Some(Reason::IncompleteFacts(detail)) = &decision.reason else { panic!("{decision:?}") };
    assert!(detail.contains("badge"), "{detail}");
    let gone = SCHEMA.replace("\"room.enter\"", "\"room.visit\"");
    let scope = "principal, action == Action::\"room.visit\", resource";
    let gone = Folder::small(&permit("open", scope, "")).with("core.cedarschema", gone).snapshot();
    assert_eq!(code(&gone.decide(&posed, &facts)), "not_applicable");
}

#[test]
fn policies_cannot_look_into_entities_that_only_they_name() {
    // proves PDP-3
    // A decision brings no entity that nothing but a policy's text names.
    let named = "when { Action::\"room.paint\" in Action::\"content\" }";
    let finding = Folder::small(&permit("p", ENTER, named)).finding();
    assert!(finding.message.contains("entity literals cannot be dereferenced"), "{finding}");
}

#[test]
fn an_entity_knows_about_how_much_memory_it_takes() {
    // proves PDP-1
    let small = snapshot().ready(room("kitchen", json!({}))).unwrap().bytes();
    let large = snapshot().ready(room("kitchen", json!({ "label": "x".repeat(10_000) }))).unwrap().bytes();
    assert!((500..5_000).contains(&small), "{small}");
    assert!((10_000..12_000).contains(&(large - small + 5)), "{large}");
}

#[test]
fn what_is_asked_can_be_shared_by_threads() {
    // proves PDP-1
    fn shared<T: Send + Sync>(_: &T) {}
    let snapshot = snapshot();
    shared(&snapshot.ready(bare("Group", "g")).unwrap());
    shared(&snapshot.pose(&anna_enters()).unwrap());
    shared(&snapshot);
}
