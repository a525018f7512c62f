use std::time::Duration;

use serde_json::json;
use tenancy::session::{self, Session};
use tenancy::{Caller, Db, Page, Platform, Result, SessionId, UserId, platform, user_action as user};

use crate::people::{caller, count, installation, may_ask, person, refresh, sign_in};
use crate::support::{World, race, request, said};

const OLGA: &str = "olga@example.com";

async fn list(db: &Db, who: &Caller, id: UserId) -> Vec<Session> {
    let mut tx = db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<user::ListSessions>(who, id).await.unwrap();
    session::list(&mut tx, &allowed, Page::new(1, 100).unwrap()).await.unwrap().items
}

async fn revoke(db: &Db, who: &Caller, id: UserId, session: SessionId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<user::RevokeSession>(who, id).await?;
    session::revoke(&mut tx, &allowed, session).await?;
    tx.commit().await.map(|_| ())
}

async fn live(world: &World) -> usize {
    count(world, "sessions where revoked_at is null").await
}

// proves AUT-3, AUT-5
#[tokio::test]
async fn a_session_that_is_ended_is_dead_in_the_very_next_request_in_every_process() {
    let world = installation().await;
    let (olga, adam) = (person(&world, OLGA).await, person(&world, "adam@example.com").await);
    let other = crate::people::process(&world).await;
    let (here, there) = (sign_in(&world.db, OLGA).await, sign_in(&world.db, OLGA).await);
    let adams = sign_in(&world.db, "adam@example.com").await;
    let who = caller(&world.db, &here).await;
    let listed = list(&world.db, &who, olga).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<SessionId> = listed.iter().filter(|s| s.is_current).map(|s| s.id).collect();
    assert_eq!(current, [here.session]);
    assert!(may_ask(&other, &there).await);
    assert_eq!(said(&revoke(&world.db, &who, olga, adams.session).await), "not found: session");
    assert_eq!(said(&revoke(&world.db, &who, adam, adams.session).await), "not found: user");
    assert!(may_ask(&other, &adams).await);
    for _ in 0..2 {
        assert_eq!(said(&revoke(&world.db, &who, olga, there.session).await), "ok");
    }
    assert!(!may_ask(&other, &there).await && !may_ask(&world.db, &there).await);
    assert_eq!(said(&refresh(&other, &there.refresh_token).await), "unauthenticated");
    assert_eq!(count(&world, "audit where action = 'user.revoke_session'").await, 1, "once");
    assert_eq!(list(&world.db, &who, olga).await.len(), 1);
}

// proves AUT-5
#[tokio::test]
async fn all_others_end_and_the_one_that_asks_goes_on() {
    let world = installation().await;
    let olga = person(&world, OLGA).await;
    let here = sign_in(&world.db, OLGA).await;
    let others = [sign_in(&world.db, OLGA).await, sign_in(&world.db, OLGA).await];
    let who = caller(&world.db, &here).await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<user::RevokeSession>(&who, olga).await.unwrap();
    assert_eq!(session::revoke_others(&mut tx, &allowed).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert!(may_ask(&world.db, &here).await);
    for other in &others {
        assert!(!may_ask(&world.db, other).await);
    }
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<user::SignOut>(&who, olga).await.unwrap();
    session::sign_out(&mut tx, &allowed).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!may_ask(&world.db, &here).await);
}

// proves AUT-5
#[tokio::test]
async fn the_fifty_first_session_replaces_the_one_that_was_seen_least_lately() {
    let world = installation().await;
    person(&world, OLGA).await;
    let first = sign_in(&world.db, OLGA).await;
    world.clock.advance(Duration::from_secs(60));
    let second = sign_in(&world.db, OLGA).await;
    for _ in 2..50 {
        world.clock.advance(Duration::from_secs(1));
        sign_in(&world.db, OLGA).await;
    }
    world.clock.advance(Duration::from_secs(60));
    let first = refresh(&world.db, &first.refresh_token).await.unwrap();
    assert_eq!(live(&world).await, 50);
    sign_in(&world.db, OLGA).await;
    assert_eq!(live(&world).await, 50);
    assert!(may_ask(&world.db, &first).await, "seen just now");
    assert!(!may_ask(&world.db, &second).await);
    let outcomes = race(8, |_| {
        let db = world.db.clone();
        async move { said(&crate::people::sign_in_by(&db, OLGA, crate::people::PASSWORD).await) }
    })
    .await;
    assert_eq!((outcomes, live(&world).await), (vec!["ok".to_owned(); 8], 50));
}

// proves AUT-3
#[tokio::test]
async fn what_an_administrator_changes_counts_in_the_very_next_request() {
    let world = installation().await;
    let olga = person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    let ask = async || {
        let who = caller(&world.db, &tokens).await;
        let mut tx = world.db.begin(request()).await.unwrap();
        let stats = said(&tx.authorize::<platform::ViewStats>(&who, Platform).await);
        (stats, said(&tx.authorize::<user::Update>(&who, olga).await))
    };
    let no_stats = "forbidden platform.view_stats by []".to_owned();
    assert_eq!(ask().await, (no_stats.clone(), "ok".into()));
    world.sql("update users set platform_role = 'admin', status = 'active'").await;
    assert_eq!(ask().await, ("ok".into(), "ok".into()), "with a token that says nothing of it");
    world.sql("update users set platform_role = null").await;
    assert_eq!(ask().await, (no_stats, "ok".into()));
    world.sql("update users set status = 'disabled'").await;
    let (stats, update) = ask().await;
    assert_eq!(stats, "forbidden platform.view_stats by [account.inactive]");
    assert_eq!(update, "forbidden user.update by [account.inactive]");
    let change = json!({ "user": { "id": olga, "email": OLGA, "name": "Olga", "status": "active",
        "email_verified_at": "2026-01-01T00:00:00Z" } });
    world.import(&[change]).await;
    assert_eq!(ask().await.1, "ok");
}
