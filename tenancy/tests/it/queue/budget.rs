use tenancy::mail::{Allowance, Budget};

use crate::support::{ACME, GLOBEX, World, race};

fn budget(per_address: &str, per_org: &str) -> Budget {
    Budget { per_address: per_address.parse().unwrap(), per_org: per_org.parse().unwrap() }
}

#[tokio::test]
async fn as_many_mails_go_to_an_address_as_allowed_however_many_workers_send() {
    // proves MAIL-1
    let world = World::empty().await;
    let allowed = race(10, |_| {
        let db = world.db.clone();
        async move { budget("4/1h", "100/1h").spend(&db, "Olga@example.com", None).await.expect("an answer") }
    })
    .await;
    assert_eq!(allowed.iter().filter(|allowance| **allowance == Allowance::Granted).count(), 4);
    for wait in allowed.iter().filter_map(|allowance| match allowance {
        Allowance::Exhausted(wait) => Some(wait.as_secs()),
        Allowance::Granted => None,
    }) {
        assert!((840..=900).contains(&wait), "a quarter of an hour until the next: {wait}");
    }
    let other_case =
        budget("4/1h", "100/1h").spend(&world.db, "olga@EXAMPLE.com", None).await.expect("an answer");
    assert_ne!(other_case, Allowance::Granted, "the same address");
    let other = budget("4/1h", "100/1h").spend(&world.db, "adam@example.com", None).await.expect("an answer");
    assert_eq!(other, Allowance::Granted);
}

#[tokio::test]
async fn an_organization_has_a_budget_over_all_addresses_and_no_part_of_a_refused_one_is_spent() {
    // proves MAIL-1
    let world = World::empty().await;
    let budget = budget("2/1h", "3/1h");
    let spend = async |address: &str, org| {
        budget.spend(&world.db, address, Some(org)).await.expect("an answer") == Allowance::Granted
    };
    for address in ["a@x.example", "b@x.example", "c@x.example"] {
        assert!(spend(address, ACME).await);
    }
    for _ in 0..3 {
        assert!(!spend("d@x.example", ACME).await);
    }
    assert!(
        spend("d@x.example", GLOBEX).await && spend("d@x.example", GLOBEX).await,
        "d's own budget is whole"
    );
    assert!(!spend("d@x.example", GLOBEX).await);
}

#[tokio::test]
async fn what_is_put_back_can_be_spent_again_and_time_fills_the_budget() {
    // proves MAIL-1
    let world = World::empty().await;
    let budget = budget("1/1h", "10/1h");
    let spend = async || budget.spend(&world.db, "a@x.example", Some(ACME)).await.expect("an answer");
    assert_eq!(spend().await, Allowance::Granted);
    assert_ne!(spend().await, Allowance::Granted);
    budget.put_back(&world.db, "a@x.example", Some(ACME)).await.expect("put back");
    assert_eq!(spend().await, Allowance::Granted);
    world.sql("update mail_budgets set spent_until = spent_until - interval '1 hour'").await;
    assert_eq!(spend().await, Allowance::Granted);
    assert_eq!(world.sql("select count(*) from mail_budgets where key::text like '%example%'").await, "0");
}
