use std::time::Duration;

use runtime::SampleRule;
use serde_json::json;
use tenancy::decision_log::{Filter, LogTask, Settings, Unwritten};
use tenancy::{Ask, Caller, Consistency, Db, DecisionLog, KeyOwner, Request};

use super::{all, allowed, answer, context, counted, denied, logging, nothing, rows, settings, shown};
use crate::support::{ACME, ACME_VAULT, CHAPTER, EVE, OLGA, VIC, World, ask, document, of, shipped_policies};

/// The store is away for the log.
const AWAY: &str = "alter table decisions rename to decisions_away";
const BACK: &str = "alter table decisions_away rename to decisions";

fn sampled(rules: &str) -> Settings {
    let sample: Vec<SampleRule> = rules.split(',').map(|rule| rule.parse().unwrap()).collect();
    Settings { sample, ..settings() }
}

#[tokio::test]
async fn a_decision_is_logged_with_everything_but_what_is_masked() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let request = Request { id: "request-7".into(), ip: None };
    let given = json!({ "ip": "192.0.2.99", "mfa": true });
    let question = context(given, ask(of("User", VIC), "Docs::edit", document(CHAPTER)));
    let told = db.serving(&request).ask(&Caller::Operator, &[question]).await.unwrap();
    assert_eq!(writer.flush().await.unwrap(), 1);

    let logged = &all(&db, &Filter::default()).await[0];
    let mut seen = shown(logged);
    assert!(seen["duration_us"].as_i64().unwrap() > 0, "{seen}");
    seen.as_object_mut().unwrap().remove("duration_us");
    let decision = &told.answers[0];
    let policies: Vec<&str> = decision.decision.policies.iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(
        seen,
        json!({
            "id": decision.id, "at": "2026-11-21T12:00:00Z", "decision": "deny",
            "reason": { "code": decision.decision.reason.as_ref().unwrap().code(),
                        "message": decision.decision.reason.as_ref().unwrap().to_string() },
            "policies": policies,
            "caller": { "type": "Service", "id": "operator" },
            "principal": { "type": "User", "id": VIC },
            "action": "Docs::edit",
            "resource": { "type": "Docs::Document", "id": CHAPTER },
            "context": { "ip": "(masked)", "mfa": true }, "masked": ["ip"],
            "org_id": ACME, "revision": told.revision, "policy_hash": told.policy_hash,
            "request_id": "request-7", "batch_index": null,
        })
    );
    let everything = world.sql("select decisions::text from decisions").await;
    assert!(!everything.contains("192.0.2.99"), "{everything}");
}

#[tokio::test]
async fn no_message_repeats_what_is_masked() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    for given in [json!({ "ip": "not-an-address" }), json!({ "accessToken": "hunter2", "mfa": "yes" })] {
        let told = answer(&db, &Caller::Operator, context(given, allowed())).await;
        assert_eq!(told.decision.reason.unwrap().code(), "invalid_context");
    }
    let malformed = Err("context: invalid type: string \"hunter2\", expected a map".to_owned());
    db.ask_items(&Caller::Operator, &[Ok(allowed()), malformed], Consistency::Cached).await.unwrap();
    assert_eq!(writer.flush().await.unwrap(), 4);
    let everything = world.sql("select decisions::text from decisions").await;
    for secret in ["not-an-address", "hunter2"] {
        assert!(!everything.contains(secret), "{everything}");
    }
    let malformed = Filter { reason: Some("malformed".into()), ..Filter::default() };
    let logged = shown(&all(&db, &malformed).await[0]);
    assert_eq!((&logged["principal"], &logged["context"]), (&json!(null), &nothing()));
    assert_eq!(logged["batch_index"], 1);
}

#[tokio::test]
async fn what_is_asked_to_be_explained_is_logged_too() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let told = db.explain(&Caller::Operator, &denied(), Consistency::Cached).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(all(&db, &Filter::default()).await[0].id, told.answers.0.id);
}

#[tokio::test]
async fn denials_are_logged_at_a_rate_of_zero() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, sampled("*=0"));
    for _ in 0..20 {
        answer(&db, &Caller::Operator, allowed()).await;
        answer(&db, &Caller::Operator, denied()).await;
    }
    assert_eq!(writer.flush().await.unwrap(), 20);
    assert_eq!(world.sql("select distinct decision from decisions").await, "deny");
    assert_eq!((counted("written"), counted("sampled_out"), counted("dropped")), (20, 20, 0));
}

#[tokio::test]
async fn allows_are_sampled_by_their_action() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, sampled("Docs::*=0,*=1"));
    let read = || ask(of("User", EVE), "Docs::read", document(CHAPTER));
    let manage = ask(of("User", OLGA), "org.update", of("Organization", ACME));
    for question in [read(), allowed(), manage, read()] {
        assert!(answer(&db, &Caller::Operator, question).await.decision.is_allow());
    }
    writer.flush().await.unwrap();
    let actions = world.sql("select string_agg(action, ' ' order by action) from decisions").await;
    assert_eq!(actions, "org.update org.view");
}

#[tokio::test]
async fn a_store_that_is_away_costs_only_what_does_not_fit_into_the_buffer() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, Settings { entries: 10, ..settings() });
    world.sql(AWAY).await;
    for _ in 0..6 {
        answer(&db, &Caller::Operator, denied()).await;
    }
    writer.flush().await.expect_err("no table");
    assert_eq!(writer.waiting(), 6, "what was taken and not written still counts");
    for _ in 0..9 {
        answer(&db, &Caller::Operator, denied()).await;
    }
    writer.flush().await.expect_err("no table");
    assert_eq!((writer.waiting(), counted("dropped"), counted("written")), (10, 5, 0));

    world.sql(BACK).await;
    assert_eq!(writer.flush().await.unwrap(), 10);
    assert_eq!((rows(&world).await, writer.waiting(), counted("written")), (10, 0, 10));
    for _ in 0..10 {
        answer(&db, &Caller::Operator, denied()).await;
    }
    assert_eq!(writer.flush().await.unwrap(), 10, "there is room again");
    assert_eq!((rows(&world).await, counted("dropped")), (20, 5));
}

#[tokio::test]
async fn the_buffer_is_bounded_in_bytes_too() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, Settings { bytes: 200_000, ..settings() });
    // The id stands in the question and in the message that there is no such user.
    let long = || ask(of("User", "x".repeat(30_000)), "org.view", of("Organization", ACME));
    for _ in 0..5 {
        answer(&db, &Caller::Operator, long()).await;
    }
    assert_eq!((writer.waiting(), counted("dropped")), (3, 2));
    assert_eq!(writer.flush().await.unwrap(), 3);
}

#[tokio::test]
async fn what_was_written_before_the_answer_was_lost_is_not_written_twice() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    answer(&db, &Caller::Operator, denied()).await;
    writer.flush().await.unwrap();
    let second = answer(&db, &Caller::Operator, denied()).await;
    world
        .sql(&format!(
            "create temporary table one as select * from decisions; update one set id = '{}';
             insert into decisions select * from one",
            second.id
        ))
        .await;
    answer(&db, &Caller::Operator, denied()).await;
    writer.flush().await.unwrap();
    assert_eq!(rows(&world).await, 3);
}

#[tokio::test]
async fn whatever_callers_send_can_be_logged() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let long = "ü".repeat(20_000);
    let odd = Ask {
        principal: Some(of(&long, "a\0b")),
        action: "no\0such\0action".into(),
        resource: of("Nothing::Known", &long),
        context: crate::support::object(json!({ "a\0": ["\0", { "b": "\u{7}" }] })),
    };
    answer(&db, &Caller::Operator, odd).await;
    answer(&db, &Caller::Operator, denied()).await;
    assert_eq!(writer.flush().await.unwrap(), 2);
    let odd = Filter { action: Some("no\u{fffd}such\u{fffd}action".into()), ..Filter::default() };
    let logged = shown(&all(&db, &odd).await[0]);
    assert_eq!(logged["decision"], "deny");
    assert_eq!(logged["principal"]["id"], "a\u{fffd}b");
    assert!(logged["resource"]["id"].as_str().unwrap().ends_with('…'), "{logged}");
}

#[tokio::test]
async fn a_context_that_is_too_long_is_left_out() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    answer(&db, &Caller::Operator, context(json!({ "note": "x".repeat(20_000) }), allowed())).await;
    writer.flush().await.unwrap();
    let logged = shown(&all(&db, &Filter::default()).await[0]);
    assert_eq!(logged["context"], nothing());
    assert_eq!(logged["masked"], json!(["(everything: more than 16384 bytes)"]));
}

#[tokio::test]
async fn the_log_and_decisions_share_a_single_connection() {
    // proves PDP-7
    let world = World::new().await;
    let single = world.connect(1, &shipped_policies()).await;
    let (db, _) = logging(&single, settings());
    let task = LogTask::start(&db);
    let questions = || vec![denied(); 50];
    for _ in 0..20 {
        let asking: Vec<_> = (0..4)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { db.ask(&Caller::Operator, &questions()).await.map(|_| ()) })
            })
            .collect();
        for asked in asking {
            asked.await.unwrap().expect("answers while the log is written");
        }
    }
    // The buffer holds 1 000 of these 4 000 at a time, so some may be dropped; none is lost without being counted.
    task.finish(Duration::from_secs(30)).await.unwrap();
    assert_eq!(counted("written") + counted("dropped"), 4_000);
    assert_eq!(rows(&world).await as u64, counted("written"));
}

#[tokio::test]
async fn a_stop_writes_what_waits_and_counts_what_it_cannot() {
    // proves PDP-7
    let world = World::new().await;
    let (db, _) = logging(&world.db, settings());
    let task = LogTask::start(&db);
    answer(&db, &Caller::Operator, denied()).await;
    task.finish(Duration::from_secs(30)).await.unwrap();
    assert_eq!(rows(&world).await, 1);

    world.sql(AWAY).await;
    let task = LogTask::start(&db);
    answer(&db, &Caller::Operator, denied()).await;
    assert_eq!(task.finish(Duration::from_secs(30)).await, Err(Unwritten(1)));
    assert_eq!(counted("dropped"), 1);
}

#[tokio::test]
async fn a_log_that_is_off_costs_and_keeps_nothing() {
    let world = World::new().await;
    let off = Settings { sinks: runtime::Sinks::default(), ..settings() };
    let db: Db = world.db.clone().with_log(DecisionLog::new(off));
    answer(&db, &Caller::Operator, denied()).await;
    LogTask::start(&db).finish(Duration::from_secs(1)).await.unwrap();
    assert_eq!(rows(&world).await, 0);
}

#[tokio::test]
async fn what_an_organizations_key_asks_is_that_organizations_and_nobody_elses() {
    // proves PDP-7, KEY-1
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let globex =
        world.key(KeyOwner::Org(crate::support::GLOBEX), &[tenancy::api_key::Scope::Authorize]).await;
    let question = || ask(of("User", OLGA), "workspace.view", of("Workspace", ACME_VAULT));
    answer(&db, &globex.caller, question()).await;
    answer(&db, &Caller::Operator, question()).await;
    writer.flush().await.unwrap();
    let owners = world.sql("select caller_type, org_id from decisions order by 1").await;
    assert_eq!(owners, format!("ApiKey|{}\nService|{ACME}", crate::support::GLOBEX));
}
