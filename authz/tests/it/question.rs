//! Answers, and why they are deny.

use authz::{Effect, Entity, EntityUid, Outcome, Reason, Snapshot};
use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request};
use serde_json::json;

use crate::support::{
    Folder, anna_and_the_kitchen, anna_enters, ask, bare, code, entity, forbid, permit, question, reference,
    room, uid, user,
};

const ENTER: &str = "principal is User, action == Action::\"room.enter\", resource is Room";

fn snapshot(policies: &[String]) -> Snapshot {
    Folder::small(&policies.concat()).snapshot()
}

fn open() -> String {
    permit("open", ENTER, "")
}

/// What Cedar by itself says, without our checks.
fn cedar_says(policies: &[String], facts: Vec<Entity>) -> (cedar_policy::Decision, usize) {
    let set: PolicySet = policies.concat().parse().unwrap();
    let q = anna_enters();
    let request = Request::new(q.principal, q.action, q.resource, Context::empty(), None).unwrap();
    let response =
        Authorizer::new().is_authorized(&request, &set, &Entities::from_entities(facts, None).unwrap());
    (response.decision(), response.diagnostics().errors().count())
}

#[test]
fn what_no_policy_permits_is_denied() {
    // proves PDP-3
    let snapshot = snapshot(&[permit("level", ENTER, "when { principal.level > 5 }")]);
    let decision = ask(&snapshot, &anna_enters(), anna_and_the_kitchen());
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(decision.reason, Some(Reason::NoPolicyAllows));
    assert!(decision.policies.is_empty());
}

#[test]
fn an_allow_names_every_permit_that_matched_in_the_order_of_ids() {
    // proves PDP-1
    let snapshot = snapshot(&[
        permit("z", ENTER, ""),
        permit("a", ENTER, "when { principal.level == 1 }"),
        permit("other", ENTER, "when { principal.level == 2 }"),
    ]);
    let decision = ask(&snapshot, &anna_enters(), anna_and_the_kitchen());
    assert!(decision.is_allow());
    assert_eq!(decision.reason, None);
    let policies: Vec<_> =
        decision.policies.iter().map(|p| (p.id.as_str(), p.description.as_str())).collect();
    assert_eq!(policies, [("a", "the policy a"), ("z", "the policy z")]);
}

#[test]
fn a_forbid_wins_over_every_permit_and_is_named() {
    // proves PDP-3
    let snapshot = snapshot(&[open(), forbid("no", ENTER, "when { principal.level < 2 }")]);
    let decision = ask(&snapshot, &anna_enters(), anna_and_the_kitchen());
    assert_eq!(decision.reason, Some(Reason::Forbidden));
    let [policy] = &decision.policies[..] else { panic!("{:?}", decision.policies) };
    assert_eq!((policy.id.as_str(), policy.effect), ("no", Effect::Forbid));
}

#[test]
fn a_forbid_that_cannot_be_evaluated_denies() {
    // proves PDP-3
    let policies = [open(), forbid("overflow", ENTER, "when { principal.level + 9223372036854775807 < 0 }")];
    let facts = anna_and_the_kitchen();
    assert_eq!(cedar_says(&policies, facts.clone()), (cedar_policy::Decision::Allow, 1), "Cedar skips it");
    let decision = ask(&snapshot(&policies), &anna_enters(), facts);
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(code(&decision), "evaluation_error");
    let text = decision.reason.unwrap().to_string();
    assert!(text.contains("overflow"), "{text}");
}

#[test]
fn a_permit_that_cannot_be_evaluated_denies_even_beside_one_that_can() {
    // proves PDP-3
    let policies =
        [open(), permit("overflow", ENTER, "when { principal.level * 9223372036854775807 * 2 > 0 }")];
    let decision = ask(&snapshot(&policies), &anna_enters(), anna_and_the_kitchen());
    assert_eq!(code(&decision), "evaluation_error");
    assert!(decision.policies.is_empty());
}

#[test]
fn an_entity_that_a_forbid_would_need_and_that_is_missing_denies() {
    // proves PDP-3
    let policies = [
        open(),
        forbid("closed", ENTER, "when { resource has owner && resource.owner in Group::\"banned\" }"),
    ];
    let kitchen = room("kitchen", json!({ "owner": reference("User", "olga") }));
    let facts = vec![user("anna", &[]), kitchen];
    assert_eq!(
        cedar_says(&policies, facts.clone()),
        (cedar_policy::Decision::Allow, 0),
        "Cedar takes `in` on a missing entity for false, without an error"
    );
    let decision = ask(&snapshot(&policies), &anna_enters(), facts.clone());
    assert_eq!(
        decision.reason,
        Some(Reason::IncompleteFacts("policies can reach User::\"olga\", which is not there".into()))
    );
    let banned = [entity("Group", "banned", json!({}), &[])];
    let olga = |parents: &[(&str, &str)]| {
        facts.iter().cloned().chain([user("olga", parents)]).chain(banned.clone()).collect()
    };
    assert_eq!(code(&ask(&snapshot(&policies), &anna_enters(), olga(&[]))), "allow");
    assert_eq!(code(&ask(&snapshot(&policies), &anna_enters(), olga(&[("Group", "banned")]))), "forbidden");
}

#[test]
fn a_missing_ancestor_denies() {
    // proves PDP-3
    // Perhaps `inner` is in `banned`; only its own facts would tell.
    let policies = [open(), forbid("closed", ENTER, "when { principal in Group::\"banned\" }")];
    let facts = vec![user("anna", &[("Group", "inner")]), room("kitchen", json!({}))];
    assert_eq!(cedar_says(&policies, facts.clone()).0, cedar_policy::Decision::Allow);
    let decision = ask(&snapshot(&policies), &anna_enters(), facts);
    assert_eq!(code(&decision), "incomplete_facts");
    assert!(decision.reason.unwrap().to_string().contains("Group::\"inner\""));
}

#[test]
fn entities_are_wanted_as_deep_as_policies_may_look() {
    // proves PDP-3
    let street = |town: &str| entity("Street", "s", json!({ "town": reference("Town", town) }), &[]);
    let house = entity("House", "h", json!({ "street": reference("Street", "s") }), &[]);
    let kitchen = room("kitchen", json!({ "house": reference("House", "h") }));
    let base = [user("anna", &[]), kitchen];
    let snapshot = snapshot(&[open()]);
    let ask = |further: &[Entity]| ask(&snapshot, &anna_enters(), [&base[..], further].concat());
    assert_eq!(code(&ask(&[])), "incomplete_facts");
    assert_eq!(code(&ask(std::slice::from_ref(&house))), "incomplete_facts");
    // The town lies beyond three steps: no policy can read its attributes.
    assert_eq!(code(&ask(&[house, street("ys")])), "allow");
}

#[test]
fn entities_inside_sets_and_records_are_wanted_too() {
    // proves PDP-3
    let snapshot = snapshot(&[open()]);
    let kitchen = room("kitchen", json!({ "friends": [reference("User", "olga")] }));
    let facts = vec![user("anna", &[]), kitchen];
    assert_eq!(code(&ask(&snapshot, &anna_enters(), facts.clone())), "incomplete_facts");
    let with_olga = [facts, vec![user("olga", &[])]].concat();
    assert_eq!(code(&ask(&snapshot, &anna_enters(), with_olga)), "allow");
}

#[test]
fn kinds_that_carry_no_facts_need_not_be_given() {
    // proves PDP-3
    let snapshot =
        snapshot(&[permit("hall", "principal is Service, action == Action::\"hall.enter\", resource", "")]);
    let q = question(("Service", "worker"), "hall.enter", ("Hall", "main"));
    assert_eq!(code(&ask(&snapshot, &q, vec![])), "allow");
}

#[test]
fn an_id_outside_a_closed_list_is_an_unknown_principal_or_resource() {
    // proves PDP-4
    let snapshot = snapshot(&[permit("hall", "principal, action == Action::\"hall.enter\", resource", "")]);
    let q = question(("Service", "nobody"), "hall.enter", ("Hall", "main"));
    assert_eq!(snapshot.pose(&q).unwrap_err(), Reason::UnknownPrincipal("Service::\"nobody\"".into()));
    let q = question(("Service", "worker"), "hall.enter", ("Hall", "side"));
    assert_eq!(snapshot.pose(&q).unwrap_err(), Reason::UnknownResource("Hall::\"side\"".into()));
}

#[test]
fn unknown_principal_resource_and_action_are_denied_by_name() {
    // proves PDP-4
    let snapshot = snapshot(&[open()]);
    let anna = user("anna", &[]);
    let kitchen = room("kitchen", json!({}));
    let decision = ask(&snapshot, &anna_enters(), vec![kitchen]);
    assert_eq!(decision.reason, Some(Reason::UnknownPrincipal("User::\"anna\"".into())));
    let decision = ask(&snapshot, &anna_enters(), vec![anna.clone()]);
    assert_eq!(decision.reason, Some(Reason::UnknownResource("Room::\"kitchen\"".into())));
    let decision = ask(&snapshot, &question(("User", "anna"), "room.burn", ("Room", "kitchen")), vec![anna]);
    assert_eq!(decision.reason, Some(Reason::UnknownAction("room.burn".into())));
}

#[test]
fn an_action_on_types_it_does_not_apply_to_is_not_applicable() {
    // proves PDP-4
    let snapshot = snapshot(&[open()]);
    for (principal, action, resource) in [
        (("User", "anna"), "room.enter", ("Hall", "main")),
        (("Room", "kitchen"), "room.enter", ("Room", "kitchen")),
        (("Ghost", "g"), "room.enter", ("Room", "kitchen")),
        (("User", "anna"), "content.read", ("Room", "kitchen")),
    ] {
        assert_eq!(code(&ask(&snapshot, &question(principal, action, resource), vec![])), "not_applicable");
    }
}

#[test]
fn facts_that_do_not_fit_the_schema_deny() {
    // proves PDP-3
    let snapshot = snapshot(&[open()]);
    let base = anna_and_the_kitchen();
    let status = reference("Status", "active");
    for (wrong, about) in [
        (entity("User", "bert", json!({ "status": status }), &[]), "level"),
        (entity("User", "bert", json!({ "status": status, "level": "high" }), &[]), "level"),
        (entity("User", "bert", json!({ "status": status, "level": 1, "hat": true }), &[]), "hat"),
        (entity("User", "bert", json!({ "status": reference("Status", "aktiv"), "level": 1 }), &[]), "aktiv"),
        (user("bert", &[("Room", "kitchen")]), "Room"),
        (bare("Ghost", "g"), "Ghost"),
    ] {
        let decision = ask(&snapshot, &anna_enters(), [&base[..], &[wrong]].concat());
        assert_eq!(code(&decision), "incomplete_facts");
        assert!(decision.reason.as_ref().unwrap().to_string().contains(about), "{decision:?}");
    }
}

#[test]
fn two_versions_of_one_entity_deny_and_a_cycle_does_too() {
    // proves PDP-3
    let snapshot = snapshot(&[open()]);
    let mut facts = anna_and_the_kitchen();
    facts.push(user("anna", &[]));
    assert_eq!(code(&ask(&snapshot, &anna_enters(), facts)), "incomplete_facts");
    let round =
        [("a", "b"), ("b", "a")].map(|(id, parent)| entity("Group", id, json!({}), &[("Group", parent)]));
    let facts = [&[user("anna", &[("Group", "a")]), room("kitchen", json!({}))][..], &round].concat();
    assert_eq!(code(&ask(&snapshot, &anna_enters(), facts)), "incomplete_facts");
}

#[test]
fn ids_of_any_characters_and_size_are_told_apart() {
    // proves PDP-1
    let long = "x".repeat(1 << 20);
    let ids = [
        "",
        " ",
        "a\"b",
        "a\\",
        "a\n",
        "ü🦀",
        "\u{0}",
        "anna\"; permit(principal, action, resource);",
        "\u{202e}",
        &long,
    ];
    let snapshot =
        snapshot(&[permit("own", ENTER, "when { resource has owner && resource.owner == principal }")]);
    for id in ids {
        let kitchen = room(id, json!({ "owner": reference("User", id) }));
        let q = question(("User", id), "room.enter", ("Room", id));
        assert_eq!(code(&ask(&snapshot, &q, vec![user(id, &[]), kitchen.clone()])), "allow", "{id:.20?}");
        let other = format!("{id} ");
        let q = question(("User", &other), "room.enter", ("Room", id));
        let decision = ask(&snapshot, &q, vec![user(id, &[]), user(&other, &[]), kitchen]);
        assert_eq!(code(&decision), "no_policy_allows", "{id:.20?}");
    }
}

#[test]
fn every_reason_has_a_word_for_programs_and_one_for_people() {
    // proves PDP-1
    let reasons = [
        (Reason::Forbidden, "forbidden", "a policy forbids it"),
        (Reason::NoPolicyAllows, "no_policy_allows", "no policy allows it"),
        (Reason::UnknownAction("a".into()), "unknown_action", "the schema declares no action a"),
        (Reason::UnknownPrincipal("p".into()), "unknown_principal", "there is no p"),
        (Reason::UnknownResource("r".into()), "unknown_resource", "there is no r"),
        (Reason::NotApplicable("n".into()), "not_applicable", "n"),
        (Reason::InvalidContext("c".into()), "invalid_context", "c"),
        (Reason::IncompleteFacts("i".into()), "incomplete_facts", "i"),
        (Reason::EvaluationError("e".into()), "evaluation_error", "e"),
    ];
    for (reason, code, text) in reasons {
        assert_eq!((reason.code(), reason.to_string().as_str()), (code, text));
    }
    assert_eq!(serde_json::to_string(&[Outcome::Allow, Outcome::Deny]).unwrap(), r#"["allow","deny"]"#);
}

#[test]
fn references_are_principal_and_resource_even_when_they_are_one() {
    // proves PDP-1
    let snapshot = snapshot(&[open()]);
    let expected: [EntityUid; 2] = [uid("User", "anna"), uid("Room", "kitchen")];
    assert_eq!(snapshot.pose(&anna_enters()).unwrap().references(), expected);
}
