//! A decision by slices is the decision of Cedar's own authorizer over the whole set.

use authz::{Entity, Question, Ready, Snapshot};
use cedar_policy::{
    Authorizer, Context, Entities, PolicyId, PolicySet, Request, Schema, ValidationMode, Validator,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::support::{Folder, SCHEMA, entity, permit, question, ready, reference, shipped, with_context};
use crate::world;

const PRINCIPALS: &[&str] = &[
    "principal",
    "principal == User::\"u0\"",
    "principal == User::\"u1\"",
    "principal == Service::\"worker\"",
    "principal in User::\"u0\"",
    "principal in Group::\"g0\"",
    "principal in Group::\"g2\"",
    "principal in Team::\"cooks\"",
    "principal is User",
    "principal is Service",
    "principal is User in Group::\"g1\"",
    "principal is User in Group::\"g3\"",
];
const ACTIONS: &[&str] = &[
    "action",
    "action == Action::\"room.enter\"",
    "action == Action::\"hall.enter\"",
    "action in Action::\"room.paint\"",
    "action in Action::\"content\"",
    "action in Action::\"readOnly\"",
    "action in [Action::\"room.paint\", Action::\"hall.enter\"]",
    "action in [Action::\"content.read\", Action::\"hall.enter\"]",
];
/// Refused by themselves.
const DOUBTFUL_ACTIONS: &[&str] =
    &["action", "action in []", "action == Action::\"nothing\"", "action in Action::\"content\""];
const RESOURCES: &[&str] = &[
    "resource",
    "resource == Room::\"r0\"",
    "resource == Room::\"r3\"",
    "resource == Hall::\"main\"",
    "resource in Room::\"r1\"",
    "resource in Room::\"r3\"",
    "resource in Workspace::\"w0\"",
    "resource in House::\"h\"",
    "resource is Room",
    "resource is Hall",
    "resource is Room in Room::\"r2\"",
    "resource is Room in Workspace::\"w1\"",
];
const CONDITIONS: &[&str] = &[
    "",
    "",
    "",
    "when { context.mfa }",
    "unless { context.mfa }",
    "when { principal in Group::\"g3\" }",
    "when { resource in Workspace::\"w0\" } unless { principal in Group::\"g2\" }",
    "when { principal is User && principal.level > 1 }",
    "when { resource is Room && resource has owner && principal is User && resource.owner == principal }",
    "when { resource is Room && resource has owner && resource.owner in Group::\"g3\" }",
    "when { action in Action::\"content.read\" }",
    "when { [Action::\"room.paint\", Action::\"hall.enter\"].contains(action) }",
    "when { if principal is User then principal.level == 1 else context.mfa }",
    // These cannot be evaluated for some.
    "when { principal is User && principal.level + 9223372036854775806 > 0 }",
    "unless { context.mfa && 9223372036854775807 + (if action == Action::\"room.enter\" then 1 else 0) > 0 }",
];
/// Ill-typed for some kinds of questions, or for all.
const DOUBTFUL: &[&str] = &[
    "when { principal.level > 1 }",
    "when { resource.size > 1 }",
    "when { resource.owner == principal }",
    "when { resource has owner && resource.owner == principal }",
    "when { context.guest.level > 1 }",
    "when { context has guest && context.guest.boss.level > 1 }",
    "when { resource has house && resource.house.street.town.name == \"x\" }",
    "when { action in Action::\"nothing\" }",
    "when { Action::\"room.enter\" in Action::\"content\" }",
    "when { Group::\"g0\" in Group::\"g1\" }",
    "when { principal in Nobody::\"n\" }",
    "when { principal == Status::\"aktive\" }",
    "when { context.now }",
    "when { ip(\"nowhere\").isIpv4() }",
];

type Drawn = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn policies(
    actions: &'static [&'static str],
    conditions: &'static [&'static str],
    most: usize,
) -> impl Strategy<Value = Vec<Drawn>> {
    let policy = (
        select(&["permit", "permit", "forbid"][..]),
        select(PRINCIPALS),
        select(actions),
        select(RESOURCES),
        select(conditions),
    );
    prop::collection::vec(policy, 1..most)
}

fn text(policies: &[Drawn]) -> String {
    let texts =
        policies.iter().enumerate().map(|(index, (effect, principal, action, resource, condition))| {
            let text = permit(&format!("p{index}"), &format!("{principal}, {action}, {resource}"), condition);
            text.replace("\npermit (", &format!("\n{effect} ("))
        });
    texts.collect()
}

/// Which group, room and workspace lies in which; who leads; who owns.
fn hierarchy() -> impl Strategy<Value = Vec<Entity>> {
    (any::<[bool; 24]>(), any::<[u8; 8]>()).prop_map(|(flags, choices)| {
        let mut flags = flags.into_iter().cycle();
        let mut some = |all: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
            all.iter().copied().filter(|_| flags.next() == Some(true)).collect()
        };
        const GROUPS: [(&str, &str); 4] =
            [("Group", "g0"), ("Group", "g1"), ("Group", "g2"), ("Group", "g3")];
        const ROOMS: [(&str, &str); 4] = [("Room", "r0"), ("Room", "r1"), ("Room", "r2"), ("Room", "r3")];
        const WORKSPACES: [(&str, &str); 2] = [("Workspace", "w0"), ("Workspace", "w1")];
        let mut facts = vec![
            entity("Town", "t", json!({ "name": "t" }), &[]),
            entity("Street", "s", json!({ "town": reference("Town", "t") }), &[]),
            entity("House", "h", json!({ "street": reference("Street", "s") }), &[]),
        ];
        // Each may lie in those after it.
        for (index, (kind, id)) in GROUPS.into_iter().enumerate() {
            facts.push(entity(kind, id, json!({}), &some(&GROUPS[index + 1..])));
        }
        for (index, id) in ["u0", "u1", "u2"].into_iter().enumerate() {
            let attributes = json!({ "status": reference("Status", "active"), "level": choices[index] % 4 });
            let parents = [some(&GROUPS), some(&[("Team", "cooks")])].concat();
            facts.push(entity("User", id, attributes, &parents));
        }
        for (kind, id) in WORKSPACES {
            facts.push(entity(kind, id, json!({ "name": id }), &some(&[("House", "h")])));
        }
        for (index, (kind, id)) in ROOMS.into_iter().enumerate() {
            let mut attributes = json!({ "size": 20, "friends": [], "label": "plain" });
            if choices[3 + index] % 2 == 0 {
                attributes["owner"] =
                    reference("User", ["u0", "u1", "u2"][usize::from(choices[3 + index]) % 3]);
            }
            let parents = [some(&ROOMS[index + 1..]), some(&WORKSPACES)].concat();
            facts.push(entity(kind, id, attributes, &parents));
        }
        facts
    })
}

fn questions() -> Vec<Question> {
    let mut all = vec![];
    for principal in [("User", "u0"), ("User", "u1"), ("User", "u2"), ("Service", "worker")] {
        for action in ["room.enter", "room.paint", "hall.enter"] {
            for resource in [("Room", "r0"), ("Room", "r1"), ("Room", "r2"), ("Room", "r3"), ("Hall", "main")]
            {
                for context in [json!({}), json!({ "mfa": true })] {
                    all.push(with_context(question(principal, action, resource), context));
                }
            }
        }
    }
    all
}

/// Cedar by itself, over everything.
struct Whole {
    schema: Schema,
    set: PolicySet,
}

impl Whole {
    fn new(schema: &str, policies: &str) -> Self {
        let schema = Schema::from_cedarschema_str(schema).unwrap().0;
        let parsed: PolicySet = policies.parse().unwrap();
        let named =
            parsed.policies().map(|policy| policy.new_id(PolicyId::new(policy.annotation("id").unwrap())));
        Self { schema, set: PolicySet::from_policies(named).unwrap() }
    }

    fn entities(&self, facts: &[Entity]) -> Entities {
        Entities::from_entities(facts.iter().cloned(), Some(&self.schema)).unwrap()
    }

    /// The answer, in words.
    fn answer(&self, question: &Question, entities: &Entities) -> String {
        let mut context = json!(question.context);
        context["now"] = authz::datetime_json(question.now);
        if context.get("mfa").is_none() {
            context["mfa"] = json!(false);
        }
        let context = Context::from_json_value(context, Some((&self.schema, &question.action))).unwrap();
        let Question { principal, action, resource, .. } = question.clone();
        let request = Request::new(principal, action, resource, context, Some(&self.schema)).unwrap();
        let response = Authorizer::new().is_authorized(&request, &self.set, entities);
        let mut errors: Vec<_> = response.diagnostics().errors().map(ToString::to_string).collect();
        errors.sort();
        let mut reasons: Vec<_> = response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort();
        match response.decision() {
            _ if !errors.is_empty() => format!("deny: {}", errors.join("; ")),
            cedar_policy::Decision::Allow => format!("allow: {}", reasons.join(", ")),
            cedar_policy::Decision::Deny if reasons.is_empty() => "deny: no policy allows it".into(),
            cedar_policy::Decision::Deny => format!("deny: a policy forbids it: {}", reasons.join(", ")),
        }
    }
}

/// Our answer, in the same words.
fn answer(snapshot: &Snapshot, question: &Question, facts: &[Ready]) -> String {
    let decision = snapshot.decide(&snapshot.pose(question).unwrap(), facts);
    let policies: Vec<_> = decision.policies.iter().map(|policy| policy.id.as_str()).collect();
    match &decision.reason {
        None => format!("allow: {}", policies.join(", ")),
        Some(reason) if policies.is_empty() => format!("deny: {reason}"),
        Some(reason) => format!("deny: {reason}: {}", policies.join(", ")),
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })
}

#[test]
fn slices_decide_as_the_whole_set_does_whatever_the_scopes_say() {
    // proves PDP-1, PDP-3
    let questions = questions();
    let mut seen = [0; 4];
    let strategy = (policies(ACTIONS, CONDITIONS, 16), hierarchy());
    let seen_in_cases = std::cell::RefCell::new(&mut seen);
    runner(48)
        .run(&strategy, |(drawn, facts)| {
            let text = text(&drawn);
            let snapshot = Folder::small(&text).snapshot();
            let whole = Whole::new(SCHEMA, &text);
            let (entities, facts) = (whole.entities(&facts), ready(&snapshot, facts).unwrap());
            for question in questions.iter().filter(|question| snapshot.pose(question).is_ok()) {
                let expected = whole.answer(question, &entities);
                prop_assert_eq!(&answer(&snapshot, question, &facts), &expected, "{:?}\n{}", question, text);
                let words = ["allow", "deny: a policy", "deny: no policy", "deny: error"];
                let index = words.iter().position(|word| expected.starts_with(word)).expect(&expected);
                seen_in_cases.borrow_mut()[index] += 1;
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.iter().all(|count| *count > 20), "not all answers were seen: {seen:?}");
}

#[test]
fn slices_decide_as_the_whole_set_does_under_the_policies_that_ship() {
    // proves PDP-1, PDP-3
    let snapshot = Snapshot::load(&shipped(), &[]).unwrap();
    let read = |name: &str| std::fs::read_to_string(shipped().join(name)).unwrap();
    let files = snapshot.files().iter().map(|file| file.file.split_once('/').unwrap().1.to_owned());
    let (schemas, others): (Vec<String>, Vec<String>) =
        files.partition(|name| name.ends_with(".cedarschema"));
    let schema: String = schemas.iter().map(|name| read(name)).collect();
    let texts = others.iter().filter(|name| name.ends_with(".cedar"));
    let whole = Whole::new(&schema, &texts.map(|name| read(name)).collect::<String>());
    assert_eq!(whole.set.num_of_policies(), snapshot.policies().len());
    let plans = snapshot.plans().iter().map(|(name, plan)| {
        let mut attributes = json!({ "sso": plan.sso, "dedicated_instance": plan.dedicated_instance });
        let limits = [("workspaces", plan.workspaces), ("agents", plan.agents), ("members", plan.members)];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                attributes[name] = json!(limit);
            }
        }
        entity("Plan", name, attributes, &[])
    });
    let plans: Vec<_> = plans.collect();
    let questions = world::questions(&snapshot);
    runner(12)
        .run(&world::drawn(), |drawn| {
            let facts = world::facts(&drawn);
            let entities = whole.entities(&[&facts[..], &plans].concat());
            let facts = ready(&snapshot, facts).unwrap();
            for question in &questions {
                let expected = whole.answer(question, &entities);
                prop_assert_eq!(answer(&snapshot, question, &facts), expected, "{:?}", question);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_folder_takes_what_cedars_validator_takes_and_nothing_else() {
    // proves POL-2
    let schema = Schema::from_cedarschema_str(SCHEMA).unwrap().0;
    let validator = Validator::new(schema);
    let level = u32::try_from(authz::LEVEL).unwrap();
    let mut seen = [0; 2];
    let seen_in_cases = std::cell::RefCell::new(&mut seen);
    runner(96)
        .run(&prop_oneof![policies(ACTIONS, DOUBTFUL, 2), policies(DOUBTFUL_ACTIONS, DOUBTFUL, 2)], |drawn| {
            let text = text(&drawn);
            let whole = Whole::new(SCHEMA, &text);
            let result = validator.validate_with_level(&whole.set, ValidationMode::Strict, level);
            let is_taken = Folder::small(&text).load().is_ok();
            prop_assert_eq!(is_taken, result.validation_passed(), "{}", text);
            seen_in_cases.borrow_mut()[usize::from(is_taken)] += 1;
            Ok(())
        })
        .unwrap();
    assert!(seen.iter().all(|count| *count > 8), "{seen:?}");
}
