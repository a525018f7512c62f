//! What the caller says about a request, and what they cannot say.

use authz::{Reason, Snapshot, datetime};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{
    Folder, anna_and_the_kitchen, anna_enters, ask, code, noon, permit, ready, reference, uid, user,
    with_context,
};

fn snapshot(condition: &str) -> Snapshot {
    let scope = "principal is User, action == Action::\"room.enter\", resource is Room";
    Folder::small(&permit("p", scope, &format!("when {{ {condition} }}"))).snapshot()
}

fn answer(condition: &str, context: Value) -> &'static str {
    code(&ask(&snapshot(condition), &with_context(anna_enters(), context), anna_and_the_kitchen()))
}

#[test]
fn the_time_is_the_servers_and_cannot_be_given() {
    // proves PDP-5
    assert_eq!(answer("context.now == datetime(\"2026-11-21T12:00:00Z\")", json!({})), "allow");
    for given in
        [json!("2030-01-01T00:00:00Z"), json!({ "fn": "datetime", "arg": "2030-01-01" }), json!(null)]
    {
        let q = with_context(anna_enters(), json!({ "now": given }));
        let reason = snapshot("true").pose(&q).unwrap_err();
        assert_eq!(reason.code(), "invalid_context");
        assert!(reason.to_string().contains("server's clock"), "{reason}");
    }
}

#[test]
fn time_is_compared_to_the_millisecond() {
    // proves PDP-1
    let snapshot = snapshot("context.now < datetime(\"2026-11-21T12:00:00.001Z\")");
    let mut q = anna_enters();
    assert_eq!(code(&ask(&snapshot, &q, anna_and_the_kitchen())), "allow");
    q.now = noon() + TimeDelta::milliseconds(1);
    assert_eq!(code(&ask(&snapshot, &q, anna_and_the_kitchen())), "no_policy_allows");
    // The same with a context, which takes another way.
    let q = with_context(q, json!({ "mfa": true }));
    assert_eq!(code(&ask(&snapshot, &q, anna_and_the_kitchen())), "no_policy_allows");
}

#[test]
fn a_time_that_cedar_cannot_express_denies() {
    // proves PDP-3
    let snapshot = snapshot("true");
    for now in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        let mut q = anna_enters();
        q.now = now;
        assert_eq!(code(&ask(&snapshot, &q, anna_and_the_kitchen())), "invalid_context");
    }
    let _ = datetime(DateTime::<Utc>::MAX_UTC);
}

#[test]
fn without_a_word_about_it_no_second_factor_was_confirmed() {
    // proves AUT-8
    assert_eq!(answer("context.mfa", json!({})), "no_policy_allows");
    assert_eq!(answer("context.mfa", json!({ "ip": "10.0.0.1" })), "no_policy_allows");
    assert_eq!(answer("context.mfa", json!({ "mfa": false })), "no_policy_allows");
    assert_eq!(answer("context.mfa", json!({ "mfa": true })), "allow");
}

#[test]
fn addresses_are_parsed_and_wrong_ones_refused() {
    // proves PDP-1
    let condition = "context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\"))";
    assert_eq!(answer(condition, json!({ "ip": "10.1.2.3" })), "allow");
    assert_eq!(answer(condition, json!({ "ip": "11.1.2.3" })), "no_policy_allows");
    assert_eq!(answer(condition, json!({ "ip": "::1" })), "no_policy_allows");
    for wrong in [json!("10.1.2.3.4"), json!(""), json!(167_772_161), json!("kitchen")] {
        assert_eq!(answer(condition, json!({ "ip": wrong })), "invalid_context");
    }
}

#[test]
fn context_that_the_action_does_not_take_is_refused_by_name() {
    // proves PDP-4
    let snapshot = snapshot("true");
    for (context, about) in [
        (json!({ "hat": true }), "hat"),
        (json!({ "mfa": "yes" }), "mfa"),
        (json!({ "mfa": 1 }), "mfa"),
        (json!({ "guest": "anna" }), "expected a literal entity reference, but got `\"anna\"`"),
        (json!({ "guest": { "type": "Room", "id": "kitchen" } }), "guest"),
        (json!({ "mfa": null }), "null"),
        (json!({ "mfa": { "__extn": { "fn": "ip", "arg": "::1" } } }), "mfa"),
    ] {
        let reason = snapshot.pose(&with_context(anna_enters(), context.clone())).unwrap_err();
        assert_eq!(reason.code(), "invalid_context", "{context}");
        assert!(reason.to_string().contains(about), "{context}: {reason}");
    }
}

#[test]
fn entities_that_the_context_names_are_wanted() {
    // proves PDP-1, PDP-3
    let snapshot = snapshot("context has guest && context.guest.level == 1");
    for guest in [json!({ "type": "User", "id": "gert" }), reference("User", "gert")] {
        let q = with_context(anna_enters(), json!({ "guest": guest }));
        let posed = snapshot.pose(&q).unwrap();
        assert_eq!(posed.references(), [uid("User", "anna"), uid("Room", "kitchen"), uid("User", "gert")]);
        let decision = snapshot.decide(&posed, &ready(&snapshot, anna_and_the_kitchen()).unwrap());
        assert!(matches!(decision.reason, Some(Reason::IncompleteFacts(_))), "{decision:?}");
        let facts = [anna_and_the_kitchen(), vec![user("gert", &[])]].concat();
        assert!(snapshot.decide(&posed, &ready(&snapshot, facts).unwrap()).is_allow());
    }
}
