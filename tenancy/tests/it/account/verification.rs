use std::time::Duration;

use tenancy::account;
use tenancy::{LinkToken, user_action as user};

use crate::people::{
    caller, count, forgotten, id_of, installation, mailed, password, person, register, sign_in,
};
use crate::support::{World, race, request, said};

const OLGA: &str = "olga@example.com";

async fn registered() -> (World, LinkToken) {
    let world = installation().await;
    register(&world.db, OLGA).await.unwrap();
    let link = mailed(&world, "verification", OLGA).await;
    (world, link)
}

async fn verify(world: &World, link: &LinkToken) -> String {
    said(&account::verify_email(&world.db, request(), link).await)
}

async fn resend(world: &World) -> String {
    let tokens = sign_in(&world.db, OLGA).await;
    let caller = caller(&world.db, &tokens).await;
    let id = id_of(world, OLGA).await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<user::ResendVerification>(&caller, id).await.unwrap();
    let outcome = account::resend_verification(&mut tx, &allowed).await;
    tx.commit().await.unwrap();
    said(&outcome)
}

// proves ACC-1, ACC-2
#[tokio::test]
async fn of_eight_who_use_one_link_at_once_one_verifies() {
    let (world, link) = registered().await;
    let mut outcomes = race(8, |_| {
        let (db, link) = (world.db.clone(), link.clone());
        async move { said(&account::verify_email(&db, request(), &link).await) }
    })
    .await;
    outcomes.sort();
    assert_eq!(outcomes, ["gone", "gone", "gone", "gone", "gone", "gone", "gone", "ok"]);
    assert_eq!(verify(&world, &link).await, "gone", "later too");
    assert_eq!(count(&world, "users where email_verified_at is not null").await, 1);
    assert_eq!(count(&world, "jobs where payload ->> 'mail' = 'welcome'").await, 1);
    assert_eq!(count(&world, "audit where action = 'user.verify_email'").await, 1);
    assert_eq!(resend(&world).await, "conflict already_verified: the address is verified already");
}

// proves AUT-6
#[tokio::test]
async fn a_link_is_good_for_its_purpose_only() {
    let (world, verifies) = registered().await;
    let resets = forgotten(&world, OLGA).await;
    assert_eq!(verify(&world, &resets).await, "not found: link");
    let new = password("another one altogether");
    let set = async |link| said(&account::set_password(&world.db, request(), link, &new).await);
    assert_eq!(set(&verifies).await, "not found: link");
    let invented = LinkToken::parse(&format!("dwl_{}", "A".repeat(43))).unwrap();
    assert_eq!(verify(&world, &invented).await, "not found: link");
    assert_eq!((verify(&world, &verifies).await, set(&resets).await), ("ok".into(), "ok".into()));
}

// proves ACC-2
#[tokio::test]
async fn a_link_is_good_for_a_day_and_dead_after_it() {
    let (world, link) = registered().await;
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(verify(&world, &link).await, "gone");
    assert_eq!(resend(&world).await, "ok");
    let link = mailed(&world, "verification", OLGA).await;
    world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(verify(&world, &link).await, "ok");
}

// proves ACC-2
#[tokio::test]
async fn a_link_is_dead_once_another_was_sent_or_the_address_is_another() {
    let (world, first) = registered().await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(resend(&world).await, "ok");
    let second = mailed(&world, "verification", OLGA).await;
    assert_ne!(first.reveal(), second.reveal());
    // Of a link that was replaced nothing is left.
    assert_eq!(verify(&world, &first).await, "not found: link");
    world.sql("update users set email = 'new@example.com'").await;
    assert_eq!(verify(&world, &second).await, "gone");
    assert_eq!(count(&world, "users where email_verified_at is not null").await, 0);
    world.sql(&format!("update users set email = '{OLGA}'")).await;
    assert_eq!(verify(&world, &second).await, "ok");
}

// proves ACC-2
#[tokio::test]
async fn a_link_of_a_closed_account_opens_nothing() {
    let (world, link) = registered().await;
    world.sql("update users set status = 'disabled'").await;
    assert_eq!(verify(&world, &link).await, "forbidden user.verify_email by [account.inactive]");
    assert_eq!(count(&world, "users where email_verified_at is not null").await, 0);
    let other = person(&world, "adam@example.com").await;
    assert_eq!(
        count(&world, &format!("users where id = '{other}' and email_verified_at is not null")).await,
        1
    );
}
