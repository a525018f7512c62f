//! Registered resources become entities only if they fit the schema.

use std::collections::HashMap;

use authz::{EntityUid, OWN_ATTRIBUTES, Snapshot};
use serde_json::{Value, json};

use crate::support::{Folder, NOTES_SCHEMA, uid};

fn snapshot() -> Snapshot {
    Folder::small(&crate::support::permit("p", "principal is User, action, resource", ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .snapshot()
}

fn made(attributes: Value, parents: &[EntityUid]) -> Result<Value, String> {
    let own = HashMap::from([
        ("owner", uid("User", "anna")),
        ("workspace", uid("Workspace", "w")),
        ("shared_viewers", uid("Team", "n/viewers")),
    ]);
    snapshot()
        .resource_entity(&uid("Notes::Note", "n"), attributes.as_object().unwrap(), &own, parents)
        .map(|entity| entity.to_json_value().unwrap())
}

#[test]
fn own_attributes_are_added_where_the_type_declares_them() {
    // proves RES-1
    let entity = made(json!({ "pages": 3 }), &[uid("Workspace", "w")]).unwrap();
    assert_eq!(
        entity,
        json!({
            "uid": { "type": "Notes::Note", "id": "n" },
            "attrs": {
                "owner": { "__entity": { "type": "User", "id": "anna" } },
                "workspace": { "__entity": { "type": "Workspace", "id": "w" } },
                "pages": 3
            },
            "parents": [{ "type": "Workspace", "id": "w" }]
        })
    );
}

#[test]
fn own_attributes_cannot_be_given() {
    // proves PDP-5, RES-1
    for name in OWN_ATTRIBUTES {
        let error = made(json!({ "pages": 3, name: { "type": "User", "id": "eve" } }), &[]).unwrap_err();
        assert_eq!(error, format!("attribute {name:?} is set by Doorward and cannot be given"));
    }
}

#[test]
fn attributes_that_do_not_fit_are_named() {
    // proves RES-1
    for (attributes, about) in [
        (json!({}), "pages"),
        (json!({ "pages": "three" }), "pages"),
        (json!({ "pages": 3.5 }), "deserialization"),
        (json!({ "pages": null }), "pages"),
        (json!({ "pages": u64::MAX }), "deserialization"),
        (json!({ "pages": 3, "colour": "red" }), "colour"),
    ] {
        let error = made(attributes.clone(), &[]).unwrap_err();
        assert!(error.contains(about), "{attributes}: {error}");
    }
}

#[test]
fn parents_that_the_schema_does_not_allow_are_refused() {
    // proves RES-1
    for parent in [uid("User", "anna"), uid("Notes::Note", "other"), uid("Ghost", "g")] {
        let error = made(json!({ "pages": 3 }), &[uid("Workspace", "w"), parent.clone()]).unwrap_err();
        assert!(
            error.contains(&parent.to_string()) || error.contains(&parent.type_name().to_string()),
            "{error}"
        );
    }
}

#[test]
fn the_workspace_is_left_out_of_the_parents_of_types_that_are_in_none() {
    // proves RES-1
    let entity = snapshot()
        .resource_entity(
            &uid("Notes::Reader", "r"),
            json!({ "pages": 1 }).as_object().unwrap(),
            &HashMap::from([("workspace", uid("Workspace", "w"))]),
            &[uid("Workspace", "w")],
        )
        .unwrap()
        .to_json_value()
        .unwrap();
    assert_eq!(entity["parents"], json!([]));
    assert_eq!(entity["attrs"], json!({ "pages": 1 }));
}

#[test]
fn an_undeclared_type_is_refused() {
    // proves RES-1
    let error = snapshot()
        .resource_entity(&uid("Notes::Leaf", "l"), &serde_json::Map::new(), &HashMap::new(), &[])
        .unwrap_err();
    assert_eq!(error, "the schema declares no type Notes::Leaf");
}
