//! The audit log.

mod reading;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenancy::api_key::{NewApiKey, Scope};
use tenancy::resource::{self, ResourcePatch};
use tenancy::{Break, Caller, KeyOwner, OrgId, workspace_action as workspace};
use uuid::Uuid;

use crate::support::{
    ACME, ACME_OPEN, ACME_VAULT, CHAPTER, GLOBEX, GLOBEX_DEFAULT, World, create_key, delete, document,
    document_in, object, of, patch, put, race, request, rotate_key, shipped_policies,
};

/// Five entries in Acme's chain, and those of the import in the platform's.
async fn five() -> World {
    let world = World::new().await;
    for number in 0..5 {
        put(&world.db, &Caller::Operator, &document(&format!("new {number}")), &document_in(ACME_OPEN))
            .await
            .expect("written");
    }
    assert_eq!(world.assert_audit_holds().await, 6);
    world
}

async fn breaks(world: &World) -> Vec<Break> {
    world.db.verify_audit(|_| ()).await.expect("an audit log").breaks
}

fn at(chain: OrgId, seq: i64, problem: &'static str) -> Vec<Break> {
    vec![Break { chain: chain.0, seq, problem }]
}

/// What only a superuser can do.
async fn tamper(world: &World, script: &str) {
    world.sql(&format!("begin; set local session_replication_role = replica; {script}; commit")).await;
}

async fn entry(world: &World, action: &str) -> Value {
    let row = world
        .sql(&format!(
            "select (to_jsonb(a) || jsonb_build_object('details', d.details::jsonb))::text
             from audit a join audit_details d using (chain, seq)
             where action = '{action}' order by seq desc limit 1"
        ))
        .await;
    serde_json::from_str(&row).expect("an entry")
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_and_why_they_might() {
    // proves AUD-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &Scope::ALL[..4]).await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<workspace::WriteResources>(&key.caller, ACME_VAULT).await.expect("allowed");
    let decision = allowed.decision_id();
    resource::delete(&mut tx, &allowed, &document(CHAPTER)).await.expect("deleted");
    tx.commit().await.expect("committed");
    let told = entry(&world, "workspace.write_resources").await;
    for (field, value) in [
        ("chain", json!(ACME)),
        ("seq", json!(2)),
        ("actor_type", json!("ApiKey")),
        ("actor_id", json!(key.id)),
        ("target_type", json!("Docs::Document")),
        ("target_id", json!(CHAPTER)),
        ("request_id", json!("request-1")),
        ("decision_id", json!(decision)),
        ("at", json!("2026-11-21T12:00:00+00:00")),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    assert_eq!(told["details"]["ip"], "192.0.2.7");
    assert_eq!(told["details"]["before"]["attributes"]["classification"], "internal");
    assert_eq!(told["details"]["after"], Value::Null);
}

#[tokio::test]
async fn an_entry_shows_the_fields_before_and_after_and_no_token() {
    // proves AUD-1, KEY-1
    let world = World::new().await;
    let change =
        ResourcePatch { attributes: Some(object(json!({ "legal_hold": true }))), ..ResourcePatch::default() };
    patch(&world.db, &Caller::Operator, &document(CHAPTER), change).await.expect("patched");
    let told = entry(&world, "workspace.write_resources").await;
    assert_eq!(told["details"]["before"]["attributes"]["legal_hold"], false);
    assert_eq!(told["details"]["after"]["attributes"]["legal_hold"], true);
    assert_eq!(told["details"]["after"]["workspace_id"], json!(ACME_VAULT));

    let new = NewApiKey { name: "a key".into(), scopes: vec![Scope::Authorize], expires_at: None };
    let (key, token) =
        create_key(&world.db, &Caller::Operator, KeyOwner::Org(ACME), &new).await.expect("made");
    let told = entry(&world, "key.create").await;
    assert_eq!(told["target_id"], json!(key.id));
    assert_eq!(told["details"]["before"], Value::Null);
    assert_eq!(
        told["details"]["after"],
        json!({ "name": "a key", "prefix": token.prefix(), "scopes": ["authorize"], "expires_at": null })
    );
    let (_, rotated) = rotate_key(&world.db, &Caller::Operator, key.id).await.expect("rotated");
    let told = entry(&world, "key.rotate").await;
    assert_eq!(told["details"]["before"], json!({ "prefix": token.prefix() }));
    assert_eq!(told["details"]["after"], json!({ "prefix": rotated.prefix() }));
    let log = world.sql("select string_agg(a::text || d::text, ' ') from audit a, audit_details d").await;
    for token in [token, rotated] {
        assert!(!log.contains(&token.reveal()[token.prefix().len()..]));
    }
}

#[tokio::test]
async fn each_organization_has_its_own_chain() {
    // proves AUD-1
    let world = World::new().await;
    put(&world.db, &Caller::Operator, &document("a"), &document_in(ACME_OPEN)).await.expect("written");
    put(&world.db, &Caller::Operator, &document("b"), &document_in(GLOBEX_DEFAULT)).await.expect("written");
    let chains = world.sql("select chain, count(*) from audit group by chain order by chain").await;
    assert_eq!(chains, format!("{}|1\n{ACME}|1\n{GLOBEX}|1", Uuid::nil()));
    // A writer in one chain does not wait for one in another.
    let mut slow = world.db.begin(request()).await.expect("a transaction");
    let allowed =
        slow.authorize::<workspace::WriteResources>(&Caller::Operator, ACME_OPEN).await.expect("allowed");
    resource::delete(&mut slow, &allowed, &document("a")).await.expect("deleted");
    delete(&world.db, &Caller::Operator, &document("b")).await.expect("deleted meanwhile");
    slow.commit().await.expect("committed");
    assert_eq!(world.assert_audit_holds().await, 5);
}

#[tokio::test]
async fn chains_hold_after_many_writers_at_once() {
    // proves AUD-1
    let world = World::new().await;
    let outcomes = race(12, |number| {
        let db = world.db.clone();
        async move {
            let owner = [KeyOwner::Platform, KeyOwner::Org(ACME), KeyOwner::Org(GLOBEX)][number % 3];
            for _ in 0..4 {
                let new = NewApiKey { name: "k".into(), scopes: vec![Scope::Authorize], expires_at: None };
                create_key(&db, &Caller::Operator, owner, &new).await.expect("made");
            }
            // A log that is being written holds at every moment.
            db.verify_audit(|_| ()).await.expect("an audit log").breaks
        }
    })
    .await;
    assert_eq!(outcomes, vec![vec![]; 12]);
    assert_eq!(world.assert_audit_holds().await, 1 + 12 * 4);
    let lengths = world.sql("select chain, length from audit_chains order by chain").await;
    assert_eq!(lengths, format!("{}|17\n{ACME}|16\n{GLOBEX}|16", Uuid::nil()));
}

#[tokio::test]
async fn the_log_is_verified_over_one_connection_too() {
    // proves OPS-2
    let world = five().await;
    let db = world.connect(1, &shipped_policies()).await;
    let verified = db.verify_audit(|_| ()).await.expect("an audit log");
    assert_eq!((verified.entries, verified.breaks), (6, vec![]));
}

#[tokio::test]
async fn the_database_refuses_every_change_but_forgetting() {
    // proves AUD-1
    let world = five().await;
    for script in [
        "update audit set action = 'x'",
        "update audit set action = 'x' where false",
        "delete from audit",
        "truncate audit cascade",
        "truncate audit_details",
        "delete from audit_details",
        "update audit_details set details = 'x'",
        "update audit_details set salt = '\\x00'",
        "update audit_details set details = null",
        "update audit_details set salt = null",
        "update audit_details set details = null, salt = null, seq = seq + 100",
    ] {
        let refused = world.try_sql(script).await.expect_err(script);
        assert!(refused.contains("the audit log is append-only"), "{script}: {refused}");
    }
    assert_eq!(world.assert_audit_holds().await, 6);
    let left = "select count(details) from audit_details";
    assert_eq!(world.sql(left).await, "6");
    world
        .sql(&format!(
            "update audit_details set details = null, salt = null where chain = '{ACME}' and seq = 3"
        ))
        .await;
    assert_eq!(world.sql(left).await, "5");
    assert_eq!(world.assert_audit_holds().await, 6);
    let refused = world
        .try_sql(&format!(
            "update audit_details set details = 'x', salt = '\\x00' where chain = '{ACME}' and seq = 3"
        ))
        .await
        .expect_err("what is forgotten is not made up again");
    assert!(refused.contains("append-only"), "{refused}");
}

#[tokio::test]
async fn the_database_moves_the_end_of_a_chain_only_on() {
    // proves AUD-1: else who may write could cut entries off, and put the end back to where it was before them
    let world = five().await;
    let before = world.sql("select * from audit_chains order by chain").await;
    let acme = format!("where chain = '{ACME}'");
    let back = format!("(select hash from audit {acme} and seq = 4)");
    for script in [
        "delete from audit_chains".to_owned(),
        "delete from audit_chains where false".to_owned(),
        "truncate audit_chains".to_owned(),
        format!("update audit_chains set length = 4 {acme}"),
        format!("update audit_chains set length = 4, head = {back} {acme}"),
        format!("update audit_chains set length = 6 {acme}"),
        format!("update audit_chains set head = '\\x00' {acme}"),
        format!("update audit_chains set chain = '{GLOBEX}' {acme}"),
        format!("insert into audit_chains values ('{GLOBEX}', 1, '')"),
        format!("insert into audit_chains values ('{GLOBEX}', 0, '\\x00')"),
        // An entry that does not hold on to the end, or is not the next one.
        format!(
            "insert into audit select chain, 6, at, actor_type, actor_id, action, target_type, target_id, request_id,
                 decision_id, details_hash, previous, '\\x01' from audit {acme} and seq = 5;
             update audit_chains set length = 6, head = '\\x01' {acme}"
        ),
        format!(
            "insert into audit select chain, 7, at, actor_type, actor_id, action, target_type, target_id, request_id,
                 decision_id, details_hash, hash, '\\x01' from audit {acme} and seq = 5;
             update audit_chains set length = 7, head = '\\x01' {acme}"
        ),
    ] {
        let refused = world.try_sql(&format!("begin; {script}; commit")).await.expect_err(&script);
        assert!(refused.contains("the audit log is append-only"), "{script}: {refused}");
    }
    assert_eq!(world.sql("select * from audit_chains order by chain").await, before);
    put(&world.db, &Caller::Operator, &document("one more"), &document_in(ACME_OPEN)).await.expect("written");
    assert_eq!(world.assert_audit_holds().await, 7);
}

#[tokio::test]
async fn whoever_verifies_is_told_of_every_entry_and_of_the_end_of_every_chain() {
    // proves AUD-1
    let world = five().await;
    let mut told = vec![];
    let verified = world.db.verify_audit(|count| told.push(count)).await.expect("an audit log");
    assert_eq!(told, [1, 2, 3, 4, 5, 6]);
    let heads: Vec<String> =
        verified.heads.iter().map(|head| format!("{}|{}|{}", head.chain, head.length, head.hash)).collect();
    let last =
        "select distinct on (chain) chain, seq, encode(hash, 'hex') from audit order by chain, seq desc";
    assert_eq!(heads.join("\n"), world.sql(last).await);
    assert_eq!(heads.len(), 2);
}

#[tokio::test]
async fn a_changed_entry_is_found_where_it_is() {
    // proves AUD-1
    for (column, value) in [
        ("at", "at + interval '1 microsecond'"),
        ("actor_type", "'User'"),
        ("actor_id", "'x'"),
        ("action", "'x'"),
        ("target_type", "'x'"),
        ("target_id", "'x'"),
        ("request_id", "'x'"),
        ("decision_id", "gen_random_uuid()"),
        ("hash", "'\\x00'"),
    ] {
        let world = five().await;
        tamper(&world, &format!("update audit set {column} = {value} where chain = '{ACME}' and seq = 3"))
            .await;
        let mut expected = at(ACME, 3, "was changed");
        if column == "hash" {
            expected.extend(at(ACME, 4, "does not continue the entry before it"));
        }
        assert_eq!(breaks(&world).await, expected, "{column}");
    }
}

#[tokio::test]
async fn details_that_were_changed_or_taken_away_are_found() {
    // proves AUD-1
    let world = five().await;
    let third = format!("where chain = '{ACME}' and seq = 3");
    for (script, problem) in [
        (format!("update audit_details set details = '{{}}' {third}"), "its details were changed"),
        (format!("update audit_details set details = 'x', salt = null {third}"), "its details were changed"),
        (
            format!("update audit_details set details = null, salt = '\\x00' {third}"),
            "its details were changed",
        ),
        (format!("delete from audit_details {third}"), "its details are missing"),
    ] {
        tamper(&world, &script).await;
        assert_eq!(breaks(&world).await, at(ACME, 3, problem), "{script}");
    }
}

#[tokio::test]
async fn entries_that_are_missing_are_found() {
    // proves AUD-1
    let world = five().await;
    let remove = |seq: &str| format!("delete from audit where chain = '{ACME}' and seq {seq}");
    tamper(&world, &remove("= 5")).await;
    assert_eq!(breaks(&world).await, at(ACME, 5, "the end of the chain is missing"));
    tamper(&world, &remove("= 2")).await;
    let both =
        [at(ACME, 3, "entries before this one are missing"), at(ACME, 5, "the end of the chain is missing")];
    assert_eq!(breaks(&world).await, both.concat());
    tamper(&world, &remove("> 0")).await;
    assert_eq!(breaks(&world).await, at(ACME, 5, "the end of the chain is missing"));
    let world = five().await;
    tamper(&world, &remove("= 1")).await;
    assert_eq!(breaks(&world).await, at(ACME, 2, "entries before this one are missing"));
}

#[tokio::test]
async fn a_chain_without_its_head_is_found() {
    // proves AUD-1: else cutting off the end together with its record would go unseen
    let world = five().await;
    tamper(&world, &format!("delete from audit_chains where chain = '{ACME}'")).await;
    tamper(&world, &format!("delete from audit where chain = '{ACME}' and seq > 3")).await;
    assert_eq!(breaks(&world).await, at(ACME, 3, "the chain is not registered"));
}

#[tokio::test]
async fn an_entry_that_was_put_in_between_is_found() {
    // proves AUD-1
    let world = five().await;
    tamper(
        &world,
        &format!(
            "update audit set chain = '{GLOBEX}' where chain = '{ACME}' and seq = 5;
             update audit_details set chain = '{GLOBEX}' where chain = '{ACME}' and seq = 5"
        ),
    )
    .await;
    let found: BTreeSet<(Uuid, i64)> = breaks(&world).await.iter().map(|b| (b.chain, b.seq)).collect();
    assert_eq!(found, BTreeSet::from([(ACME.0, 5), (GLOBEX.0, 5)]));
}

#[tokio::test]
async fn what_is_not_done_is_not_recorded() {
    // proves AUD-1
    let world = five().await;
    let refused = put(&world.db, &Caller::Operator, &of("User", "x"), &document_in(ACME_OPEN)).await;
    assert!(refused.is_err());
    assert_eq!(world.assert_audit_holds().await, 6);
}
