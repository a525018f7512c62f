//! The one layout of policy files.

use std::fs;

use authz::unformatted;

use crate::support::{Folder, place, shipped};

#[test]
fn the_folder_that_ships_is_formatted() {
    // proves POL-4
    let found: Vec<_> = unformatted(&shipped()).unwrap().into_iter().map(|file| file.file).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn formatting_keeps_comments_and_meaning_and_is_done_once() {
    // proves POL-4
    let text = "// head\n@id(\"a\")   @description(\"d\")\npermit(principal is User,action,\n // middle\n resource) when{principal.level>1 // end\n};\n// tail";
    let folder = Folder::small(text).with("apps/x/y.cedar", "permit(principal,action,resource);");
    let before = folder.path().join("rooms.cedar");
    let found = unformatted(folder.path()).unwrap();
    let files: Vec<_> = found.iter().map(|file| (file.file.as_str(), file.path.to_str().unwrap())).collect();
    assert_eq!(
        files,
        [("policies/apps/x/y.cedar", "apps/x/y.cedar"), ("policies/rooms.cedar", "rooms.cedar")]
    );
    for comment in ["// head", "// middle", "// end", "// tail"] {
        assert_eq!(found[1].text.matches(comment).count(), 1, "{}", found[1].text);
    }
    assert_eq!(fs::read_to_string(before).unwrap(), text, "nothing is written");
    for file in &found {
        folder.write(file.path.to_str().unwrap(), &file.text);
    }
    assert!(unformatted(folder.path()).unwrap().is_empty());
}

#[test]
fn windows_line_ends_are_a_layout_of_their_own() {
    // proves POL-4
    let folder =
        Folder::small("@id(\"a\")\r\n@description(\"d\")\r\npermit (principal, action, resource);\r\n");
    let found = unformatted(folder.path()).unwrap();
    assert_eq!(found[0].text, "@id(\"a\")\n@description(\"d\")\npermit (principal, action, resource);\n");
}

#[test]
fn files_that_cannot_be_parsed_are_all_told() {
    // proves POL-4
    let folder = Folder::small("\npermit (principal, action resource);").with("b.cedar", "forbid");
    let report = unformatted(folder.path()).unwrap_err();
    let places: Vec<_> = report.0.iter().map(place).collect();
    assert_eq!(places, ["policies/b.cedar:1:7", "policies/rooms.cedar:2:27"], "{report}");
}
