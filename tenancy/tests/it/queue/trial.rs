use std::time::Duration;

use tenancy::trial::{self, Due};
use tenancy::{Caller, Db, Platform, UserId, platform, user_action as user};

use crate::support::{OLGA, PIA, World, race, request, said};

async fn due(db: &Db) -> Vec<(UserId, Due)> {
    let mut tx = db.begin(request()).await.expect("a transaction");
    let allowed =
        tx.authorize::<platform::SweepTrials>(&Caller::Worker, Platform).await.expect("the worker may");
    trial::due(&mut tx, &allowed, None, 10).await.expect("an answer")
}

async fn expire(db: &Db, id: UserId) {
    let mut tx = db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<user::Expire>(&Caller::Worker, id).await.expect("the worker may");
    trial::expire(&mut tx, &allowed).await.expect("an answer");
    tx.commit().await.expect("committed");
}

async fn remind(db: &Db, id: UserId) {
    let mut tx = db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<user::Remind>(&Caller::Worker, id).await.expect("the worker may");
    trial::remind(&mut tx, &allowed).await.expect("an answer");
    tx.commit().await.expect("committed");
}

/// Pia's deadline is two hours ahead.
#[tokio::test]
async fn a_user_is_reminded_once_for_each_deadline() {
    // proves ACC-3
    let world = World::new().await;
    assert_eq!(due(&world.db).await, [(PIA, Due::Reminder)]);
    race(5, |_| {
        let db = world.db.clone();
        async move { remind(&db, PIA).await }
    })
    .await;
    let mails = "select payload from jobs where kind = 'mail.send'";
    assert_eq!(
        world.sql(mails).await,
        format!("{{\"mail\": \"approval_reminder\", \"user_id\": \"{PIA}\"}}")
    );
    assert_eq!(due(&world.db).await, []);

    world
        .sql(&format!(
            "update users set approval_due_at = approval_due_at + interval '2 days' where id = '{PIA}'"
        ))
        .await;
    assert_eq!(due(&world.db).await, [], "not yet again");
    world
        .import(&[serde_json::json!({ "user": {
        "id": PIA, "email": "pia@example.com", "name": "pia", "status": "pending",
        "approval_due_at": "2026-11-21T20:00:00Z",
    } })])
        .await;
    assert_eq!(due(&world.db).await, [(PIA, Due::Reminder)], "another deadline");
}

#[tokio::test]
async fn a_trial_that_is_over_ends_once_with_a_mail_and_an_audit_entry() {
    // proves ACC-3, AUD-1
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(due(&world.db).await, [(PIA, Due::Expiry)]);
    race(5, |_| {
        let db = world.db.clone();
        async move { expire(&db, PIA).await }
    })
    .await;
    assert_eq!(world.sql(&format!("select status from users where id = '{PIA}'")).await, "expired");
    let mails = "select payload ->> 'mail', user_id from jobs where kind = 'mail.send'";
    assert_eq!(world.sql(mails).await, format!("expired|{PIA}"));
    let audit = "select actor_id, target_id from audit where action = 'user.expire'";
    assert_eq!(world.sql(audit).await, format!("worker|{PIA}"));
    world.assert_audit_holds().await;
    assert_eq!(due(&world.db).await, []);
}

#[tokio::test]
async fn who_was_approved_or_prolonged_in_time_keeps_their_account() {
    // proves ACC-3, ACC-4
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(2 * 3600));
    world.sql(&format!("update users set status = 'active' where id = '{PIA}'")).await;
    expire(&world.db, PIA).await;
    assert_eq!(world.sql(&format!("select status from users where id = '{PIA}'")).await, "active");
    world
        .sql(&format!(
            "update users set status = 'pending', approval_due_at = approval_due_at + interval '1 hour' where id = '{PIA}'"
        ))
        .await;
    expire(&world.db, PIA).await;
    assert_eq!(world.sql(&format!("select status from users where id = '{PIA}'")).await, "pending");
    assert_eq!(world.sql("select count(*) from jobs").await, "0");
}

#[tokio::test]
async fn trials_are_found_page_by_page() {
    // proves ACC-3
    let world = World::new().await;
    let ids: Vec<UserId> = (1..=5).map(|n| UserId(uuid::Uuid::from_u128(n))).collect();
    for id in &ids {
        let user = serde_json::json!({ "id": id, "email": format!("{id}@example.com"), "name": "x",
            "status": "pending", "approval_due_at": "2026-11-01T00:00:00Z" });
        world.import(&[serde_json::json!({ "user": user })]).await;
    }
    let (mut found, mut after) = (vec![], None);
    loop {
        let mut tx = world.db.begin(request()).await.expect("a transaction");
        let allowed =
            tx.authorize::<platform::SweepTrials>(&Caller::Worker, Platform).await.expect("the worker may");
        let page = trial::due(&mut tx, &allowed, after, 2).await.expect("an answer");
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        found.extend(page);
    }
    let expected: Vec<_> =
        ids.into_iter().map(|id| (id, Due::Expiry)).chain([(PIA, Due::Reminder)]).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn only_the_worker_sweeps() {
    // proves ACC-3
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let swept = tx.authorize::<platform::SweepTrials>(&Caller::Operator, Platform).await;
    assert_eq!(said(&swept), "forbidden platform.sweep_trials by []");
    let expired = tx.authorize::<user::Expire>(&Caller::Operator, OLGA).await;
    assert_eq!(said(&expired), "not found: user");
}
