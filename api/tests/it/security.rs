//! `docs/security.md` tells the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use runtime::config::{Fallback, KEYS};

/// The settings in the table of limits, each with the default that it tells.
fn documented() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md")).unwrap();
    let (_, limits) = page.split_once("## Limits\n").expect("a section on limits");
    let limits = limits.split("\n## ").next().unwrap();
    let rows = limits.lines().filter_map(|line| line.strip_prefix("| `DOORWARD_"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect());
    cells.map(|cells: Vec<String>| (format!("DOORWARD_{}", cells[0]), cells[1].clone())).collect()
}

// proves AUT-7: ASVS 6.1.1
#[test]
fn every_limit_is_documented_with_its_default() {
    let documented = documented();
    for key in KEYS {
        let Fallback::Value(default) = key.fallback else { continue };
        if key.expected.contains("and a duration such as") {
            assert!(documented.contains_key(key.env), "{} is not there", key.env);
        }
        if let Some(said) = documented.get(key.env) {
            assert_eq!(said, default, "{}", key.env);
        }
    }
    let unknown: Vec<_> =
        documented.keys().filter(|name| !KEYS.iter().any(|key| key.env == **name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(documented.len() >= 5, "{documented:?}");
}

/// The names of all functions in the files of Rust below a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(ToOwned::to_owned));
        }
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut known = BTreeSet::new();
    for part in ["api", "tenancy", "worker"] {
        functions(&root.join(part), &mut known);
    }
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, table) = page.split_once("## ASVS 5.0\n").expect("a section on the ASVS");
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains("| `"));
    let named: Vec<&str> =
        rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|name| !name.contains('/')).collect();
    assert!(named.len() > 40, "{named:?}");
    let unknown: Vec<_> = named.iter().filter(|name| !known.contains(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}
