use std::time::Duration;

use tenancy::account::{self, NewAdmin};
use tenancy::{AccountSettings, Db, LinkToken, Locale, Result};

use crate::people::{
    PASSWORD, count, installation, password, process, process_with, register, settings, sign_in,
};
use crate::support::{facts, race, request, said};

const OLGA: &str = "olga@example.com";

fn admin(email: &str) -> NewAdmin {
    let email = email.parse().expect("an address");
    NewAdmin { email, name: "First".into(), password: password(PASSWORD), locale: Locale::English }
}

async fn set_up(db: &Db, link: &LinkToken, email: &str) -> String {
    said(&account::set_up(db, request(), link, &admin(email)).await)
}

async fn printed(db: &Db) -> LinkToken {
    account::set_up_link(db).await.expect("an answer").expect("a link")
}

// proves OPS-5, ACC-6
#[tokio::test]
async fn processes_that_start_at_once_print_one_link_and_one_of_eight_becomes_the_administrator() {
    let world = installation().await;
    let processes = [process(&world).await, process(&world).await, process(&world).await];
    let links = race(3, |number| {
        let db = processes[number].clone();
        async move { printed(&db).await.reveal().to_owned() }
    })
    .await;
    assert!(links.iter().all(|link| *link == links[0]), "{links:?}");
    assert_eq!(count(&world, "one_time_links").await, 1);
    let link = LinkToken::parse(&links[0]).unwrap();
    let mut outcomes = race(8, |number| {
        let (db, link) = (processes[number % 3].clone(), link.clone());
        async move { set_up(&db, &link, &format!("admin{number}@example.com")).await }
    })
    .await;
    outcomes.sort();
    assert_eq!(outcomes, ["gone", "gone", "gone", "gone", "gone", "gone", "gone", "ok"]);
    let made =
        "select status, platform_role, email_verified_at is not null, approved_at is not null from users";
    assert_eq!(world.sql(made).await.trim(), "active|super_admin|t|t");
    assert_eq!(count(&world, "user_quotas").await, 1);
    let email = world.sql("select email from users").await;
    sign_in(&world.db, email.trim()).await;
    assert!(account::set_up_link(&world.db).await.unwrap().is_none(), "there is one");
    world.assert_audit_holds().await;
}

// proves OPS-5
#[tokio::test]
async fn the_link_is_good_for_a_day_and_dead_once_there_is_an_administrator() {
    let world = installation().await;
    let first = printed(&world.db).await;
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(set_up(&world.db, &first, OLGA).await, "gone");
    let second = printed(&world.db).await;
    assert_ne!(first.reveal(), second.reveal(), "a start after that makes a new one");
    assert_eq!(set_up(&world.db, &first, OLGA).await, "not found: link");
    world.import(&facts()).await;
    assert_eq!(set_up(&world.db, &second, "root@example.com").await, "gone");
    assert_eq!(count(&world, "users where email = 'root@example.com'").await, 0);
    let invented = LinkToken::parse(&format!("dwl_{}", "A".repeat(43))).unwrap();
    assert_eq!(set_up(&world.db, &invented, OLGA).await, "not found: link");
}

// proves OPS-5
#[tokio::test]
async fn a_mistake_does_not_use_the_link_up() {
    let world = installation().await;
    register(&world.db, "taken@example.com").await.unwrap();
    let fixed = AccountSettings { admin_email: Some(OLGA.parse().unwrap()), ..settings() };
    let fixed = process_with(&world, fixed).await;
    let link = printed(&fixed).await;
    let told = "invalid email: the address of the first administrator stands in the configuration";
    assert_eq!(set_up(&fixed, &link, "adam@example.com").await, told);
    assert_eq!(
        set_up(&world.db, &link, "Taken@example.com").await,
        "invalid email: another account has this address"
    );
    let weak = NewAdmin { password: password("password1"), ..admin(OLGA) };
    let outcome: Result<()> = account::set_up(&fixed, request(), &link, &weak).await;
    assert!(said(&outcome).starts_with("invalid password: "));
    let nameless = NewAdmin { name: "\u{202e}".into(), ..admin(OLGA) };
    assert!(said(&account::set_up(&fixed, request(), &link, &nameless).await).starts_with("invalid name: "));
    assert_eq!(count(&world, "users where platform_role is not null").await, 0);
    // The same address, however it is written.
    assert_eq!(set_up(&fixed, &link, "Olga@Example.com").await, "ok");
}
