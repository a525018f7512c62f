//! Whatever stands in the folder, loading it ends with policies or with findings.

use proptest::prelude::*;

use crate::support::{Folder, NOTES_SCHEMA, SCHEMA, forbid, permit};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Loads, formats and prints; none of it may panic, and a refusal has a reason with a place.
fn survives(name: &str, text: &[u8]) {
    let folder = Folder::small(&permit("any", "principal is User, action, resource", ""))
        .with("apps/notes.cedarschema", NOTES_SCHEMA)
        .with(name, text);
    if let Err(report) = folder.load() {
        assert!(report.errors().count() > 0);
        assert!(report.0.iter().all(|finding| finding.line > 0 && finding.column > 0), "{report}");
        assert!(!report.to_string().contains("panicked"), "{report}");
    }
    let _ = authz::unformatted(folder.path()).map_err(|report| report.to_string());
}

/// A text with pieces cut out, doubled or replaced.
fn mutated(text: String) -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "",
        "(",
        ")",
        "{",
        "}",
        "\"",
        ";",
        ",",
        "::",
        "@id(\"x\")",
        "é🦀",
        "\u{0}",
        "\r\n",
        "//",
        "?principal",
        "entity",
        "namespace",
        "permit",
        "when",
        "in",
        "has",
        "9223372036854775808",
        "-",
        "\\u{110000}",
        "enum [",
        "User",
        "tags String",
        "action",
        "__cedar",
        "Action",
    ]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, pieces), 1..4);
    changes.prop_map(move |changes| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, piece) in changes {
            let start = at.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

fn policies() -> String {
    let scope = "principal is User in Team::\"cooks\", action in [Action::\"room.enter\"], resource is Room";
    permit("a", scope, "when { resource has owner && resource.owner == principal }")
        + &forbid(
            "b",
            scope,
            "unless { if context.mfa then [1, 2].contains(principal.level) else context has ip && context.ip.isLoopback() }",
        )
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..3_usize) {
        // proves POL-2
        survives(["x.cedar", "x.cedarschema", "plans.json"][kind], &bytes);
    }

    #[test]
    fn mutated_policies_are_survived(text in mutated(policies())) {
        // proves POL-2
        survives("x.cedar", text.as_bytes());
    }

    #[test]
    fn mutated_schemas_are_survived(core in mutated(SCHEMA.into()), notes in mutated(NOTES_SCHEMA.into())) {
        // proves POL-2
        survives("core.cedarschema", core.as_bytes());
        survives("apps/notes.cedarschema", notes.as_bytes());
    }

    #[test]
    fn mutated_plans_are_survived(text in mutated(r#"{ "free": { "agents": 2, "sso": false, "dedicated_instance": true } }"#.into())) {
        // proves POL-2
        survives("plans.json", text.as_bytes());
    }
}
