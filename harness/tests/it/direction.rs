//! Dependencies point one way: cli → api, worker → tenancy → authz; api, worker and cli → storage; all of them → runtime.

use cargo_metadata::DependencyKind;

use crate::workspace;

/// Each crate of the workspace, and those it may depend on. A new crate needs a line here.
const ARROWS: [(&str, &[&str]); 9] = [
    ("cli", &["api", "worker", "tenancy", "authz", "storage", "runtime"]),
    ("api", &["tenancy", "authz", "storage", "runtime"]),
    ("worker", &["tenancy", "authz", "storage", "runtime"]),
    ("tenancy", &["authz", "runtime"]),
    ("authz", &["runtime"]),
    ("storage", &["runtime"]),
    ("runtime", &[]),
    ("harness", &[]),
    ("bench", &["harness"]),
];

/// Libraries that only one crate may know, so that the others stay free of what they are about. A name stands for
/// the family too: `axum` is also `axum-extra`.
const OWNERS: [(&str, &str); 8] = [
    ("cedar-policy", "authz"),
    ("sqlx", "tenancy"),
    ("lettre", "worker"),
    ("apalis", "worker"),
    ("axum", "api"),
    ("clap", "cli"),
    ("object_store", "storage"),
    ("rusty-s3", "storage"),
];

/// Measures Doorward from outside beside the libraries themselves, so it may know them all; nobody may know it.
const OUTSIDE: &str = "bench";

/// What one crate depends on.
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    only_tests: bool,
}

/// A sentence for each arrow that breaks a rule. `crates` are those of the workspace.
fn violations(crates: &[&str], arrows: &[Arrow<'_>]) -> Vec<String> {
    let allowed = |name: &str| ARROWS.iter().find(|(known, _)| *known == name).map(|(_, to)| *to);
    let unknown = crates.iter().filter(|name| allowed(name).is_none());
    let mut found: Vec<String> = unknown.map(|name| format!("{name} has no line in ARROWS")).collect();
    for Arrow { from, to, only_tests } in arrows {
        if crates.contains(to) {
            let for_tests = *only_tests && *to == "harness";
            if !for_tests && !allowed(from).unwrap_or_default().contains(to) {
                found.push(format!("{from} must not depend on {to}"));
            }
        } else if let Some((family, owner)) = OWNERS.iter().find(|(family, _)| belongs(to, family))
            && !only_tests
            && owner != from
            && *from != OUTSIDE
        {
            found.push(format!("only {owner} may depend on {family}, and {from} depends on {to}"));
        }
    }
    found
}

/// Whether a library is the one named, or of its family.
fn belongs(library: &str, family: &str) -> bool {
    library.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[test]
fn no_crate_depends_against_the_direction() {
    let metadata = workspace::metadata();
    let crates: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let arrows: Vec<Arrow<'_>> = metadata
        .packages
        .iter()
        .flat_map(|package| {
            package.dependencies.iter().map(|dependency| Arrow {
                from: &package.name,
                to: &dependency.name,
                only_tests: dependency.kind == DependencyKind::Development,
            })
        })
        .collect();
    assert!(!arrows.is_empty(), "cargo named no dependencies at all");
    let found = violations(&crates, &arrows);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_rules_notice_what_they_forbid() {
    let crates = ["cli", "api", "tenancy", "authz", "harness", "bench"];
    let check = |from, to, only_tests| violations(&crates, &[Arrow { from, to, only_tests }]);

    assert_eq!(check("authz", "tenancy", false), ["authz must not depend on tenancy"]);
    assert_eq!(check("authz", "tenancy", true), ["authz must not depend on tenancy"]);
    assert_eq!(check("api", "harness", false), ["api must not depend on harness"]);
    assert_eq!(check("authz", "bench", false), ["authz must not depend on bench"]);
    assert_eq!(check("bench", "api", false), ["bench must not depend on api"]);
    assert_eq!(check("api", "sqlx", false), ["only tenancy may depend on sqlx, and api depends on sqlx"]);
    assert_eq!(
        check("cli", "axum-extra", false),
        ["only api may depend on axum, and cli depends on axum-extra"]
    );
    assert_eq!(violations(&["billing"], &[]), ["billing has no line in ARROWS"]);

    assert!(check("api", "tenancy", false).is_empty());
    assert!(check("api", "harness", true).is_empty());
    assert!(check("cli", "axum", true).is_empty());
    assert!(check("bench", "axum", false).is_empty());
    assert!(check("api", "axum", false).is_empty());
    assert!(check("cli", "axumlike", false).is_empty());
}
