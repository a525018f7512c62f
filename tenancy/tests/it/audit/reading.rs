//! Reading the audit log.

use serde_json::{Value, json};
use tenancy::audit::{self, Cursor, CursorPage, Export, Filter, Recorded};
use tenancy::{
    Caller, DecisionId, KeyOwner, OrgId, Platform, Result, org_action as org, platform,
    workspace_action as workspace,
};
use tokio::sync::watch;

use super::five;
use crate::support::{
    ACME, ACME_OPEN, GLOBEX, GLOBEX_DEFAULT, World, create_key, delete, document, document_in, of, put,
    request, said, time,
};

async fn page(world: &World, filter: &Filter, after: Option<Cursor>, limit: u32) -> Result<CursorPage> {
    let mut tx = world.db.begin(request()).await?;
    let allowed = tx.authorize::<org::ViewAudit>(&Caller::Operator, ACME).await?;
    audit::list(&mut tx, &allowed, filter, after, limit).await
}

async fn found(world: &World, filter: Filter) -> Vec<i64> {
    seqs(&page(world, &filter, None, 200).await.expect("a page").entries)
}

fn seqs(entries: &[Recorded]) -> Vec<i64> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// The next part of an export of Acme's chain.
async fn part(world: &World, export: &mut Export) -> Vec<Recorded> {
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<org::ViewAudit>(&Caller::Operator, ACME).await.expect("allowed");
    export.next(&mut tx, &allowed).await.expect("a part")
}

/// Writes entries into Acme's chain until it is told to stop; tells how many there are.
fn writing(world: &World) -> (watch::Receiver<usize>, watch::Sender<()>) {
    let (db, (tell, told), (stop, stopped)) = (world.db.clone(), watch::channel(0), watch::channel(()));
    tokio::spawn(async move {
        for number in 0.. {
            if stopped.has_changed().is_err() {
                return;
            }
            let new = tenancy::api_key::NewApiKey {
                name: format!("key {number}"),
                scopes: vec![tenancy::api_key::Scope::Authorize],
                expires_at: None,
            };
            create_key(&db, &Caller::Operator, KeyOwner::Org(ACME), &new).await.expect("made");
            tell.send_replace(number + 1);
        }
    });
    (told, stop)
}

/// Waits until another one was written.
async fn one_more(written: &mut watch::Receiver<usize>) {
    written.borrow_and_update();
    written.changed().await.expect("somebody writes");
}

#[tokio::test]
async fn pages_are_whole_and_share_nothing_while_others_write() {
    // proves AUD-2
    let world = five().await;
    let (mut written, stop) = writing(&world);
    written.wait_for(|count| *count >= 10).await.expect("somebody writes");
    let (mut all, mut after) = (vec![], None);
    loop {
        let page = page(&world, &Filter::default(), after, 4).await.expect("a page");
        all.extend(seqs(&page.entries));
        let Some(next) = page.next else { break };
        after = Some(next);
        one_more(&mut written).await;
    }
    let newest = all[0];
    assert!(newest >= 15, "{newest}");
    assert_eq!(all, (1..=newest).rev().collect::<Vec<_>>());
    assert!(*written.borrow() > 12, "somebody wrote between the pages");
    drop(stop);
}

#[tokio::test]
async fn an_export_ends_where_the_chain_ended_when_it_began() {
    // proves AUD-2
    let world = five().await;
    // More than a part takes.
    world
        .sql(&format!(
            "insert into audit select '{ACME}', seq, now(), 'Service', 'operator', 'user.view', 'User', 'x', '',
                 gen_random_uuid(), '', '', '' from generate_series(6, 1200) seq;
             set session_replication_role = replica;
             update audit_chains set length = 1200 where chain = '{ACME}'"
        ))
        .await;
    let mut export = Export::new(Filter::default()).expect("an export");
    let first = part(&world, &mut export).await;
    assert_eq!(seqs(&first), (1..=500).collect::<Vec<_>>());
    put(&world.db, &Caller::Operator, &document("later"), &document_in(ACME_OPEN)).await.expect("written");
    let (second, third) = (part(&world, &mut export).await, part(&world, &mut export).await);
    assert_eq!(seqs(&second), (501..=1000).collect::<Vec<_>>());
    assert_eq!(seqs(&third), (1001..=1200).collect::<Vec<_>>());
    assert_eq!(part(&world, &mut export).await, []);
    assert_eq!(found(&world, Filter::default()).await[0], 1201, "what came later is in the log");
}

#[tokio::test]
async fn a_part_of_an_export_is_small_however_large_its_entries_are() {
    // proves AUD-2
    let world = five().await;
    let large = "repeat('x', 400000)";
    world
        .sql(&format!(
            "set session_replication_role = replica;
             update audit_details set details = jsonb_build_object('ip', null, 'before', {large}, 'after', null)::text
             where chain = '{ACME}'"
        ))
        .await;
    let mut export = Export::new(Filter::default()).expect("an export");
    let mut sizes = vec![];
    loop {
        let part = part(&world, &mut export).await;
        sizes.push(part.len());
        if part.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [3, 2, 0]);
}

#[tokio::test]
async fn a_proof_opens_one_chain_and_no_other() {
    // proves AUD-2
    let world = five().await;
    put(&world.db, &Caller::Operator, &document("b"), &document_in(GLOBEX_DEFAULT)).await.expect("written");
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let platform = tx.authorize::<platform::ViewAudit>(&Caller::Operator, Platform).await.expect("allowed");
    let page = audit::list(&mut tx, &platform, &Filter::default(), None, 200).await.expect("a page");
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].action, "platform.import");
    for (org, expected) in [(ACME, 5), (GLOBEX, 1), (OrgId(uuid::Uuid::nil()), 0)] {
        let Ok(allowed) = tx.authorize::<org::ViewAudit>(&Caller::Operator, org).await else {
            assert_eq!(expected, 0, "{org}");
            continue;
        };
        let page = audit::list(&mut tx, &allowed, &Filter::default(), None, 200).await.expect("a page");
        assert_eq!(page.entries.len(), expected, "{org}");
        let mut export = Export::new(Filter::default()).expect("an export");
        let exported = export.next(&mut tx, &allowed).await.expect("a part");
        assert_eq!(exported.into_iter().rev().collect::<Vec<_>>(), page.entries);
    }
}

#[tokio::test]
async fn every_filter_leaves_out_what_it_does_not_want() {
    // proves AUD-2
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &tenancy::api_key::Scope::ALL[..4]).await;
    let by_key = async |id: &str| {
        put(&world.db, &key.caller, &document(id), &document_in(ACME_OPEN)).await.expect("written")
    };
    by_key("a").await;
    world.clock.advance(std::time::Duration::from_secs(60));
    by_key("b").await;
    world.clock.advance(std::time::Duration::from_secs(60));
    delete(&world.db, &Caller::Operator, &document("a")).await.expect("deleted");
    let mut tx = world.db.begin(tenancy::Request { id: "other".into(), ip: None }).await.expect("begun");
    let allowed =
        tx.authorize::<workspace::WriteResources>(&Caller::Operator, ACME_OPEN).await.expect("allowed");
    let decision = allowed.decision_id();
    tenancy::resource::delete(&mut tx, &allowed, &document("b")).await.expect("deleted");
    tx.commit().await.expect("committed");

    let some = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    for (filter, expected) in [
        (none(), vec![5, 4, 3, 2, 1]),
        (Filter { actor_type: some("ApiKey"), ..none() }, vec![3, 2]),
        (Filter { actor_id: some(&key.id.to_string()), ..none() }, vec![3, 2]),
        (Filter { actor_id: some("operator"), ..none() }, vec![5, 4, 1]),
        (Filter { action: some("key.create"), ..none() }, vec![1]),
        (Filter { action: some("workspace.*"), ..none() }, vec![5, 4, 3, 2]),
        (Filter { action: some("work.*"), ..none() }, vec![]),
        (Filter { action: some("key.creat"), ..none() }, vec![]),
        (Filter { target_type: some("ApiKey"), ..none() }, vec![1]),
        (Filter { target_id: some("a"), ..none() }, vec![4, 2]),
        (Filter { target_id: some("a"), target_type: some("ApiKey"), ..none() }, vec![]),
        (Filter { request_id: some("other"), ..none() }, vec![5]),
        (Filter { decision_id: Some(decision), ..none() }, vec![5]),
        (Filter { decision_id: Some(DecisionId(uuid::Uuid::nil())), ..none() }, vec![]),
        (Filter { from: Some(time("2026-11-21T12:01:00Z")), ..none() }, vec![5, 4, 3]),
        (Filter { to: Some(time("2026-11-21T12:01:00Z")), ..none() }, vec![2, 1]),
        (
            Filter {
                from: Some(time("2026-11-21T12:01:00Z")),
                to: Some(time("2026-11-21T12:02:00Z")),
                ..none()
            },
            vec![3],
        ),
    ] {
        let shown = format!("{filter:?}");
        let mut export = Export::new(filter.clone()).expect("an export");
        let mut exported = seqs(&part(&world, &mut export).await);
        exported.reverse();
        assert_eq!(exported, expected, "{shown}");
        assert_eq!(found(&world, filter).await, expected, "{shown}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_of_the_log_names_the_filter() {
    // proves AUD-2
    let world = five().await;
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    for (filter, field) in [
        (Filter { actor_type: text(""), ..none() }, "actor_type"),
        (Filter { actor_id: text(""), ..none() }, "actor_id"),
        (Filter { action: text("*"), ..none() }, "action"),
        (Filter { target_type: text("\0"), ..none() }, "target_type"),
        (Filter { target_id: text("\0"), ..none() }, "target_id"),
        (Filter { request_id: text(""), ..none() }, "request_id"),
        (Filter { from: Some(chrono::DateTime::<chrono::Utc>::MAX_UTC), ..none() }, "from"),
        (
            Filter {
                from: Some(time("2026-01-01T00:00:00Z")),
                to: Some(time("2026-01-01T00:00:00Z")),
                ..none()
            },
            "to",
        ),
    ] {
        let refused = page(&world, &filter, None, 1).await;
        assert!(said(&refused).starts_with(&format!("invalid {field}: ")), "{}", said(&refused));
        assert_eq!(said(&Export::new(filter)), said(&refused));
    }
    for limit in [0, 201] {
        assert_eq!(said(&page(&world, &none(), None, limit).await), "invalid limit: 1 to 200");
    }
}

#[tokio::test]
async fn what_was_forgotten_is_null_and_the_rest_is_there() {
    // proves AUD-1, AUD-2
    let world = five().await;
    let entry = async |seq| {
        let entries = page(&world, &Filter::default(), None, 200).await.expect("a page").entries;
        entries.into_iter().find(|entry| entry.seq == seq).expect("an entry")
    };
    let before = entry(3).await;
    assert_eq!(before.ip.as_deref(), Some("192.0.2.7"));
    assert_eq!(before.after["workspace_id"], json!(ACME_OPEN));
    assert_eq!(before.actor, of("Service", "operator"));
    assert_eq!(before.target, document("new 2"));
    let hash = format!("select encode(hash, 'hex') from audit where chain = '{ACME}' and seq = 3");
    assert_eq!(before.hash, world.sql(&hash).await);
    world
        .sql(&format!(
            "update audit_details set details = null, salt = null where chain = '{ACME}' and seq = 3"
        ))
        .await;
    let forgotten = Recorded { ip: None, before: Value::Null, after: Value::Null, ..before };
    assert_eq!(entry(3).await, forgotten);
    assert_ne!(entry(4).await.after, Value::Null);
    assert_eq!(world.assert_audit_holds().await, 6);
}

#[tokio::test]
async fn details_that_nobody_can_read_hide_no_other_entry() {
    // proves AUD-2
    let world = five().await;
    super::tamper(
        &world,
        &format!("update audit_details set details = '{{' where chain = '{ACME}' and seq = 3"),
    )
    .await;
    assert_eq!(found(&world, Filter::default()).await, [5, 4, 3, 2, 1]);
    assert_eq!(super::breaks(&world).await, super::at(ACME, 3, "its details were changed"));
}
