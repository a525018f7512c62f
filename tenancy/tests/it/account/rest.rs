use std::time::Duration;

use serde_json::json;
use tenancy::{Caller, Db, Person, Result, UserId, account, administration, user_action as user};

use crate::people::{count, id_of, installation, may_ask, person, refresh, sign_in};
use crate::support::{SAM, World, facts, race, request, said};

const OLGA: &str = "olga.k@example.com";

/// As `POST /me/deactivate` does it.
async fn deactivate(db: &Db, id: UserId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    administration::lock(&mut tx).await?;
    let caller = Caller::User(Person::without_session(id));
    let allowed = tx.authorize::<user::Deactivate>(&caller, id).await?;
    account::deactivate(&mut tx, &allowed).await?;
    tx.commit().await.map(|_| ())
}

async fn reactivate(db: &Db, id: UserId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<user::Reactivate>(&Caller::User(Person::without_session(id)), id).await?;
    account::reactivate(&mut tx, &allowed).await?;
    tx.commit().await.map(|_| ())
}

async fn status(world: &World, id: UserId) -> String {
    world.sql(&format!("select status from users where id = '{id}'")).await.trim().to_owned()
}

// proves ACC-8
#[tokio::test]
async fn an_account_at_rest_has_no_sessions_and_its_owner_can_take_it_up_again() {
    let world = installation().await;
    let id = person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    deactivate(&world.db, id).await.unwrap();
    assert!(!may_ask(&world.db, &tokens).await);
    assert_eq!(said(&refresh(&world.db, &tokens.refresh_token).await), "unauthenticated");
    assert_eq!(count(&world, "user_quotas").await, 1, "the data stays");
    let tokens = sign_in(&world.db, OLGA).await;
    assert!(may_ask(&world.db, &tokens).await);
    reactivate(&world.db, id).await.unwrap();
    assert_eq!(status(&world, id).await, "pending", "in its trial");
    assert_eq!(
        said(&reactivate(&world.db, id).await),
        "conflict not_deactivated: the account is not deactivated"
    );
    deactivate(&world.db, id).await.unwrap();
    world.clock.advance(Duration::from_secs(48 * 3600));
    reactivate(&world.db, id).await.unwrap();
    assert_eq!(status(&world, id).await, "expired", "the trial is over");
    world.sql("update users set status = 'active', approved_at = now()").await;
    deactivate(&world.db, id).await.unwrap();
    reactivate(&world.db, id).await.unwrap();
    assert_eq!(status(&world, id).await, "active", "approved");
    assert_eq!(id_of(&world, OLGA).await, id);
    world.assert_audit_holds().await;
}

// proves ACC-8
#[tokio::test]
async fn an_active_account_that_was_brought_in_is_active_again_after_a_rest() {
    let world = installation().await;
    world.import(&facts()).await;
    let zoe = crate::support::ZOE;
    deactivate(&world.db, zoe).await.unwrap();
    world.clock.advance(Duration::from_secs(90 * 24 * 3600));
    reactivate(&world.db, zoe).await.unwrap();
    assert_eq!(status(&world, zoe).await, "active");
}

// proves ACC-6, ACC-8
#[tokio::test]
async fn a_closed_account_cannot_open_itself() {
    let world = installation().await;
    let id = person(&world, OLGA).await;
    world.sql("update users set status = 'disabled'").await;
    assert_eq!(said(&reactivate(&world.db, id).await), "forbidden user.reactivate by [account.inactive]");
    assert_eq!(said(&deactivate(&world.db, id).await), "forbidden user.deactivate by [account.inactive]");
    assert_eq!(status(&world, id).await, "disabled");
}

// proves ACC-6
#[tokio::test]
async fn of_super_admins_who_rest_at_once_one_stays() {
    let world = installation().await;
    world.import(&facts()).await;
    let last = "conflict last_super_admin: nobody else would be left to look after administrators";
    assert_eq!(said(&deactivate(&world.db, SAM).await), last);
    let mut all = vec![SAM];
    for number in 0..3 {
        let id = UserId(uuid::Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_ff00 + number));
        let line = json!({ "user": { "id": id, "email": format!("super{number}@example.com"), "name": "Super",
            "status": "active", "email_verified_at": "2026-01-01T00:00:00Z", "platform_role": "super_admin" } });
        world.import(&[line]).await;
        all.push(id);
    }
    let mut outcomes = race(4, |number| {
        let (db, id) = (world.db.clone(), all[number]);
        async move { said(&deactivate(&db, id).await) }
    })
    .await;
    outcomes.sort();
    assert_eq!(outcomes, [last, "ok", "ok", "ok"]);
    assert_eq!(count(&world, "users where platform_role = 'super_admin' and status = 'active'").await, 1);
}
