//! The hash tells replicas whether they decide by the same texts.

use crate::support::{Folder, permit};

fn folder() -> Folder {
    Folder::small(&permit("any", "principal is User, action, resource", ""))
}

/// One more policy.
const MORE: &str = "@id(\"more\") @description(\"more\") permit (principal is User, action, resource);";

fn hash(folder: &Folder) -> String {
    folder.snapshot().hash().to_owned()
}

#[test]
fn equal_folders_have_equal_hashes_wherever_they_stand() {
    // proves POL-2
    let (one, two) = (folder(), folder());
    assert_eq!(hash(&one), hash(&two));
    assert_eq!(hash(&one).len(), 64);
    let renamed = one.path().with_file_name("other-name");
    std::fs::rename(one.path(), &renamed).unwrap();
    assert_eq!(authz::Snapshot::load(&renamed, &[]).unwrap().hash(), hash(&two));
}

#[test]
fn the_hash_changes_with_every_text_and_name() {
    // proves POL-2
    let mut seen = vec![hash(&folder())];
    let mut is_new = |folder: Folder| {
        let hash = hash(&folder);
        assert!(!seen.contains(&hash));
        seen.push(hash);
    };
    is_new(folder().with("plans.json", "{ }"));
    is_new(folder().with("core.cedarschema", format!("{} ", crate::support::SCHEMA)));
    is_new(folder().with("more.cedar", MORE));
    is_new(folder().with("empty.cedarschema", ""));
    is_new(folder().with("many.cedar", MORE));
    is_new(folder().with("more.cedar", format!("{MORE}\n")));
    let moved = folder();
    let text = std::fs::read(moved.path().join("rooms.cedar")).unwrap();
    moved.remove("rooms.cedar");
    is_new(moved.with("doors.cedar", text));
}

#[test]
fn a_file_cut_in_two_changes_the_hash() {
    // proves POL-2
    // Names and texts one after the other read the same in both; all of it is comments.
    let whole = folder().with("a.cedarschema", "// xb.cedarschema// y\n");
    let halves = folder().with("a.cedarschema", "// x").with("b.cedarschema", "// y\n");
    assert_ne!(hash(&whole), hash(&halves));
}
