//! `docs/security.md` tells the truth.

use std::collections::BTreeMap;

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
