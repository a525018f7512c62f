//! `plans.json`.

use authz::Plan;

use crate::support::{Folder, permit, place, shipped};

const PLAN: &str = "\nentity Plan { workspaces?: Long, agents?: Long, members?: Long, messages_per_month?: Long, requests_per_minute?: Long, storage_bytes?: Long, sso: Bool, dedicated_instance: Bool };";

/// One workspace, and no other limit.
const FREE: &str = r#"{ "workspaces": 1, "agents": null, "members": null, "messages_per_month": null, "requests_per_minute": null, "storage_bytes": null, "price_usd": null, "sso": false, "dedicated_instance": true }"#;

fn folder(plans: &str) -> Folder {
    Folder::small(&permit("any", "principal is User, action, resource", ""))
        .with("plan.cedarschema", PLAN)
        .with("plans.json", plans)
}

#[test]
fn a_limit_that_is_null_is_no_limit() {
    // proves PLN-1
    let snapshot = folder(&format!("{{ \"free\": {FREE} }}")).snapshot();
    assert_eq!(
        snapshot.plans()["free"],
        Plan {
            workspaces: Some(1),
            agents: None,
            members: None,
            messages_per_month: None,
            requests_per_minute: None,
            storage_bytes: None,
            price_usd: None,
            sso: false,
            dedicated_instance: true
        }
    );
}

#[test]
fn the_plans_that_ship_are_those_of_the_contract() {
    // proves PLN-1
    let snapshot = authz::Snapshot::load(&shipped(), &[]).unwrap();
    let rows: Vec<_> = ["free", "starter", "pro", "enterprise"]
        .into_iter()
        .map(|name| {
            let p = &snapshot.plans()[name];
            (
                p.workspaces,
                p.agents,
                p.messages_per_month,
                p.members,
                p.requests_per_minute,
                p.price_usd,
                p.sso,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (Some(1), Some(2), Some(100), Some(2), Some(10), Some(0), false),
            (Some(3), Some(10), Some(2_000), Some(5), Some(60), Some(29), false),
            (Some(10), Some(50), Some(10_000), Some(20), Some(300), Some(99), false),
            (None, None, None, None, Some(1_000), None, true),
        ]
    );
    assert_eq!(snapshot.plans().len(), 4);
}

#[test]
fn broken_plans_are_told_at_their_place() {
    // proves POL-2
    for (text, at, about) in [
        ("{\n  \"free\": { \"sso\": false,, }\n}", "policies/plans.json:2:26", "key must be a string"),
        ("{\n  \"free\": {\n    \"colour\": 1 } }", "policies/plans.json:3:12", "unknown field `colour`"),
        ("{ \"été\": { \"sso\": 1 } }", "policies/plans.json:1:19", "expected a boolean"),
        ("{ \"free\": { \"sso\": true } }", "policies/plans.json:1:25", "missing field `workspaces`"),
        ("{ \"free\": { \"agents\": -1 } }", "policies/plans.json:1:24", "-1"),
        ("", "policies/plans.json:1:1", "EOF"),
        ("{}\n{}", "policies/plans.json:2:1", "trailing"),
    ] {
        let finding = folder(text).finding();
        assert_eq!(place(&finding), at, "{finding}");
        assert!(finding.message.contains(about), "{finding}");
    }
}

#[test]
fn a_plan_given_twice_is_refused() {
    // proves POL-2
    let finding = folder(&format!("{{\n\"free\": {FREE},\n\"free\": {FREE}\n}}")).finding();
    assert_eq!(finding.line, 3, "{finding}");
    assert!(finding.message.contains("\"free\""), "{finding}");
}

#[test]
fn plans_that_do_not_fit_the_schema_are_refused_at_load_and_not_at_the_first_question() {
    // proves POL-2
    let folder = folder(&format!("{{ \"free\": {FREE} }}"));
    folder.write("plan.cedarschema", "entity Plan { sso: Bool };");
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/plans.json:1:3", "{finding}");
    assert!(finding.message.contains("plan \"free\" does not fit the schema"), "{finding}");
}
