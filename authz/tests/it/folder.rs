//! Which files are read, and what happens when one cannot be.

use std::os::unix::fs::symlink;

use authz::{Report, Snapshot};

use crate::support::{Folder, NOTES_SCHEMA, permit, place};

const SCOPE: &str = "principal is User, action, resource";

fn ids(snapshot: &Snapshot) -> Vec<String> {
    snapshot.policies().iter().map(|policy| policy.id.clone()).collect()
}

#[test]
fn a_missing_folder_is_told_by_its_path() {
    // proves POL-2
    let report = Snapshot::load("/nowhere/policies".as_ref(), &[]).expect_err("refused");
    assert!(
        report.to_string().starts_with("/nowhere/policies:1:1: error: cannot be read: No such"),
        "{report}"
    );
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    // proves POL-2
    let folder = Folder::small(&permit("any", SCOPE, ""));
    let report = Snapshot::load(&folder.path().join("rooms.cedar"), &[]).expect_err("refused");
    assert!(report.to_string().contains("cannot be read"), "{report}");
}

#[test]
fn files_that_cannot_be_read_are_all_told() {
    // proves POL-2
    let folder = Folder::small(&permit("any", SCOPE, ""))
        .with("latin.cedar", b"// caf\xe9")
        .with("huge.cedar", vec![b' '; (4 << 20) + 1])
        .with("broken.cedar", "permit");
    symlink("/nowhere", folder.path().join("dangling.cedar")).unwrap();
    let findings = folder.findings();
    let files: Vec<_> = findings.iter().map(|finding| finding.file.as_str()).collect();
    let mut sorted = files.clone();
    sorted.sort_unstable();
    let expected = ["policies/dangling.cedar", "policies/huge.cedar", "policies/latin.cedar"];
    assert_eq!(sorted, expected, "{}", Report(findings.clone()));
    assert_eq!(files, expected, "told in the order of names");
    assert!(findings.iter().all(|finding| finding.message.contains("cannot be read")));
    assert!(findings[1].message.contains("4194305 bytes; the most is 4194304"), "{}", findings[1]);
}

#[test]
fn what_is_not_a_regular_file_is_refused_and_not_waited_for() {
    // proves POL-2
    let folder = Folder::small(&permit("any", SCOPE, ""));
    symlink("/dev/zero", folder.path().join("endless.cedar")).unwrap();
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/endless.cedar:1:1");
    assert!(finding.message.contains("not a regular file"), "{finding}");
}

#[test]
fn other_files_are_not_looked_at() {
    // proves POL-1
    let folder = Folder::small(&permit("any", SCOPE, ""));
    let hash = folder.snapshot().hash().to_owned();
    for name in [
        "README.md",
        "tests/broken.cedar",
        "tests/world.json",
        "matrix.txt",
        ".hidden.cedar",
        ".git/config.cedar",
        "rooms.cedar~",
        "#rooms.cedar#",
        "rooms.cedar.swp",
        "old.cedar.orig",
        "Plans.json",
        "apps/plans.json",
        "apps/notes/plans.json",
        "apps/notes/deep/broken.cedar",
        "apps/.hidden/broken.cedar",
        "..2026_11_21/broken.cedar",
    ] {
        folder.write(name, "this is not Cedar");
    }
    let snapshot = folder.snapshot();
    assert_eq!(ids(&snapshot), ["any"]);
    assert_eq!(snapshot.hash(), hash);
}

#[test]
fn a_kubernetes_config_map_is_read_through_its_links() {
    // proves POL-1
    let folder = Folder::empty();
    folder.write("..2026_1/core.cedarschema", crate::support::SCHEMA);
    folder.write("..2026_1/plans.json", "{}");
    folder.write("..2026_1/rooms.cedar", permit("any", SCOPE, ""));
    symlink("..2026_1", folder.path().join("..data")).unwrap();
    for name in ["core.cedarschema", "plans.json", "rooms.cedar"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).unwrap();
    }
    let snapshot = folder.snapshot();
    assert_eq!(ids(&snapshot), ["any"]);
    assert_eq!(snapshot.files().len(), 3);
    assert_eq!(snapshot.hash(), Folder::small(&permit("any", SCOPE, "")).snapshot().hash());
}

#[test]
fn an_application_is_a_pair_of_files_or_a_folder() {
    // proves POL-1
    let policy = permit("notes.read", "principal is User, action == Notes::Action::\"read\", resource", "");
    let files = Folder::small(&permit("any", SCOPE, ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .with("apps/notes.cedar", &policy);
    let whole = Folder::small(&permit("any", SCOPE, ""))
        .with("apps/notes/schema.cedarschema", NOTES_SCHEMA)
        .with("apps/notes/read.cedar", &policy);
    let mixed = Folder::small(&permit("any", SCOPE, ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .with("apps/notes/read.cedar", &policy);
    for folder in [files, whole, mixed] {
        let snapshot = folder.snapshot();
        assert_eq!(ids(&snapshot), ["notes.read", "any"]);
        assert!(snapshot.is_resource_type("Notes::Note"));
        assert!(snapshot.action("Notes::read").is_some());
    }
}

#[test]
fn the_folder_may_have_any_name_and_stand_behind_a_link() {
    // proves POL-1
    let folder = Folder::small("permit");
    let link = folder.path().with_file_name("current");
    symlink(folder.path(), &link).unwrap();
    let report = Snapshot::load(&link, &[]).expect_err("refused");
    assert_eq!(report.0[0].file, "policies/rooms.cedar", "named by where the file really is");
}
