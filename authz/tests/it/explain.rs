//! Every policy that could have spoken, and what it said.

use authz::{Effect, Explanation, Failure, Said, Snapshot};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{
    Folder, anna_and_the_kitchen, anna_enters, ask, code, forbid, permit, ready, reference, room, shipped,
    user,
};
use crate::world;

const ENTER: &str = "principal is User, action == Action::\"room.enter\", resource is Room";

fn explain(policies: &[String]) -> Explanation {
    let snapshot = Folder::small(&policies.concat()).snapshot();
    let facts = ready(&snapshot, anna_and_the_kitchen()).unwrap();
    snapshot.explain(&snapshot.pose(&anna_enters()).unwrap(), &facts)
}

/// Id, what it said, and the failed parts with their texts.
type Told<'e> = (&'e str, Said, Vec<(&'e str, &'e str)>);

fn told(explanation: &Explanation) -> Vec<Told<'_>> {
    explanation
        .opinions
        .iter()
        .map(|o| (o.policy.id.as_str(), o.said, o.failed.iter().map(|f| (f.part, f.text.as_str())).collect()))
        .collect()
}

#[test]
fn matched_policies_come_first_and_then_the_nearest_misses() {
    // proves PDP-1
    let explanation = explain(&[
        permit("a.far", ENTER, "when { principal.level == 7 && resource.size > 50 && context.mfa }"),
        permit("b.near", ENTER, "when { principal.level == 1 && resource.size > 50 }"),
        permit("z.open", ENTER, ""),
        permit("paint", "principal is User, action == Action::\"room.paint\", resource is Room", ""),
        permit("hall", "principal, action == Action::\"hall.enter\", resource", ""),
    ]);
    assert!(explanation.decision.is_allow());
    assert_eq!(
        told(&explanation),
        [
            ("z.open", Said::Matched, vec![]),
            ("b.near", Said::NotMatched, vec![("when", "resource.size > 50")]),
            (
                "a.far",
                Said::NotMatched,
                vec![
                    ("when", "principal.level == 7"),
                    ("when", "resource.size > 50"),
                    ("when", "context.mfa")
                ]
            ),
        ]
    );
    assert_eq!(explanation.not_applicable, 2);
}

#[test]
fn the_failed_part_of_an_unless_is_told() {
    // proves PDP-1
    let explanation = explain(&[
        permit("open", ENTER, ""),
        forbid("quiet", ENTER, "unless { context.mfa || principal.level == 1 || resource.size > 50 }"),
    ]);
    assert_eq!(told(&explanation)[1], ("quiet", Said::NotMatched, vec![("unless", "principal.level == 1")]));
}

#[test]
fn failures_of_the_scope_are_told_and_conditions_are_not_evaluated_then() {
    // proves PDP-1
    let explanation = explain(&[
        permit(
            "cellar",
            "principal is User, action == Action::\"room.enter\", resource == Room::\"cellar\"",
            "when { resource.size > 50 }",
        ),
        permit("masons", "principal is User in Team::\"masons\", action, resource is Room", ""),
        permit("olga", "principal == User::\"olga, action\", action, resource in Room::\"house\"", ""),
        permit("service", "principal is Service, action in Action::\"content\", resource is Room", ""),
    ]);
    assert_eq!(
        told(&explanation),
        [
            ("cellar", Said::NotMatched, vec![("resource", "resource == Room::\"cellar\"")]),
            ("masons", Said::NotMatched, vec![("principal", "principal is User in Team::\"masons\"")]),
            (
                "olga",
                Said::NotMatched,
                vec![
                    ("principal", "principal == User::\"olga, action\""),
                    ("resource", "resource in Room::\"house\"")
                ]
            ),
        ]
    );
    assert_eq!(explanation.not_applicable, 1, "a policy about services has nothing to say about people");
}

#[test]
fn conditions_are_told_as_people_write_them() {
    // proves PDP-1
    for condition in [
        "resource.size > 50",
        "resource.size >= 50",
        "resource.size != 20",
        "resource.size > 50 || principal.level >= 3",
        "(principal.level == 1) == (resource.size > 50)",
        "context.mfa",
        "!(principal.level == 1)",
        "resource has owner",
        "principal in Team::\"masons\"",
        "resource.label like \"fine*\"",
        "[2, 3].contains(principal.level)",
        "context has ip && context.ip.isLoopback() || principal.level > 8",
    ] {
        let explanation = explain(&[permit("p", ENTER, &format!("when {{ {condition} }}"))]);
        assert_eq!(told(&explanation), [("p", Said::NotMatched, vec![("when", condition)])]);
    }
}

#[test]
fn policies_that_would_turn_the_answer_come_before_those_that_would_not() {
    // proves PDP-1
    let explanation = explain(&[
        forbid("a.not", ENTER, "when { context.mfa }"),
        permit("z.near", ENTER, "when { context.mfa && principal.level == 2 }"),
    ]);
    let ids: Vec<_> = told(&explanation).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, ["z.near", "a.not"]);
}

#[test]
fn a_policy_that_cannot_be_evaluated_comes_before_all_others_with_its_error() {
    // proves PDP-1, PDP-3
    let explanation = explain(&[
        permit("open", ENTER, ""),
        forbid(
            "overflow",
            ENTER,
            "when { resource.size == 20 && principal.level + 9223372036854775807 < 0 }",
        ),
    ]);
    assert_eq!(code(&explanation.decision), "evaluation_error");
    let [overflow, open] = &explanation.opinions[..] else { panic!("{:?}", told(&explanation)) };
    assert_eq!((overflow.policy.id.as_str(), overflow.said), ("overflow", Said::Error));
    let [Failure { part: "when", text, error: Some(error) }] = &overflow.failed[..] else {
        panic!("{overflow:?}")
    };
    assert!(text.contains("9223372036854775807") && error.contains("overflow"), "{text}: {error}");
    assert_eq!(open.said, Said::Matched);
}

#[test]
fn what_only_fails_because_its_guard_did_is_not_told_as_an_error() {
    // proves PDP-1
    let explanation = explain(&[permit(
        "own",
        ENTER,
        "when { resource has owner && resource.owner == principal && context.mfa }",
    )]);
    assert_eq!(
        told(&explanation),
        [("own", Said::NotMatched, vec![("when", "resource has owner"), ("when", "context.mfa")])]
    );
    assert!(explanation.opinions[0].failed.iter().all(|failure| failure.error.is_none()));
}

#[test]
fn missing_facts_are_explained_as_such() {
    // proves PDP-1
    let snapshot = Folder::small(&permit("open", ENTER, "")).snapshot();
    let explanation = snapshot.explain(&snapshot.pose(&anna_enters()).unwrap(), &[]);
    assert_eq!(code(&explanation.decision), "unknown_principal");
    assert!(explanation.opinions.is_empty() && explanation.entities.is_empty());
}

#[test]
fn the_entities_that_were_used_are_shown_and_closed_lists_are_not() {
    // proves PDP-1
    let snapshot = Folder::small(&permit("open", ENTER, "")).snapshot();
    let kitchen = room("kitchen", json!({ "owner": reference("User", "olga") }));
    let facts = vec![user("olga", &[]), kitchen, user("anna", &[("Team", "cooks")])];
    let explanation =
        snapshot.explain(&snapshot.pose(&anna_enters()).unwrap(), &ready(&snapshot, facts).unwrap());
    let uids: Vec<_> =
        explanation.entities.iter().map(|entity| entity["uid"]["id"].as_str().unwrap()).collect();
    assert_eq!(uids, ["kitchen", "anna", "olga"], "{:#?}", explanation.entities);
    assert_eq!(explanation.entities[1]["parents"], json!([{ "type": "Team", "id": "cooks" }]));
}

#[test]
fn an_opinion_is_json_with_the_policy_beside_what_it_said() {
    // proves PDP-1
    let explanation = explain(&[permit("big", ENTER, "when { resource.size > 50 }")]);
    assert_eq!(
        serde_json::to_value(&explanation.opinions).unwrap(),
        json!([{
            "id": "big", "description": "the policy big", "effect": "permit",
            "file": "policies/rooms.cedar", "line": 1,
            "said": "not_matched",
            "failed": [{ "part": "when", "text": "resource.size > 50" }],
        }])
    );
}

/// What the opinions add up to has to be the decision, policy for policy.
fn adds_up(explanation: &Explanation) {
    let matched = |effect: Effect| -> Vec<&str> {
        let mut ids: Vec<_> = explanation
            .opinions
            .iter()
            .filter(|opinion| opinion.said == Said::Matched && opinion.policy.effect == effect)
            .map(|opinion| opinion.policy.id.as_str())
            .collect();
        ids.sort_unstable();
        ids
    };
    let decided: Vec<_> = explanation.decision.policies.iter().map(|policy| policy.id.as_str()).collect();
    match code(&explanation.decision) {
        "allow" => {
            assert_eq!(matched(Effect::Permit), decided);
            assert!(matched(Effect::Forbid).is_empty());
        }
        "forbidden" => assert_eq!(matched(Effect::Forbid), decided),
        "no_policy_allows" => {
            assert!(matched(Effect::Permit).is_empty() && matched(Effect::Forbid).is_empty());
        }
        other => panic!("{other}: {:?}", explanation.decision),
    }
    for opinion in &explanation.opinions {
        assert_eq!(opinion.failed.is_empty(), opinion.said == Said::Matched, "{opinion:?}");
        assert!(opinion.failed.iter().all(|failure| !failure.text.is_empty()), "{opinion:?}");
    }
}

#[test]
fn an_explanation_decides_as_the_decision_does_and_its_opinions_add_up_to_it() {
    // proves PDP-1, PDP-3
    let snapshot = Snapshot::load(&shipped(), &[]).unwrap();
    let questions = world::questions(&snapshot);
    assert!(questions.len() > 150, "only {} questions", questions.len());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 16,
        ..ProptestConfig::default()
    });
    let (mut allowed, mut forbidden) = (0, 0);
    runner
        .run(&(world::drawn(), world::some_of(questions)), |(drawn, questions)| {
            let facts = world::facts(&drawn);
            for question in questions {
                let decision = ask(&snapshot, &question, facts.clone());
                let explanation = snapshot
                    .explain(&snapshot.pose(&question).unwrap(), &ready(&snapshot, facts.clone()).unwrap());
                prop_assert_eq!(code(&decision), code(&explanation.decision));
                adds_up(&explanation);
            }
            Ok(())
        })
        .unwrap();
    // The world is worth asking about: everything happens in it.
    let mut draw = || {
        let tree = world::drawn().new_tree(&mut runner).unwrap();
        world::facts(&proptest::strategy::ValueTree::current(&tree))
    };
    for _ in 0..2 {
        let facts = draw();
        for question in world::questions(&snapshot) {
            match code(&ask(&snapshot, &question, facts.clone())) {
                "allow" => allowed += 1,
                "forbidden" => forbidden += 1,
                _ => {}
            }
        }
    }
    assert!(allowed > 10 && forbidden > 10, "{allowed} allowed, {forbidden} forbidden");
}
