//! Wallets of organizations.

use tenancy::api_key::Scope;
use tenancy::wallet::{self, EntryFilter, EntryKind, NewEntry, WalletEntry};
use tenancy::{Caller, Db, KeyOwner, Once, OrgId, Page, Person, Result, org_action};

use crate::agent::person;
use crate::support::{ACME, ADAM, GARY, GLOBEX, MARY, MIA, OLGA, PAT, SPROUT, World, race, request, said};

async fn write(
    db: &Db,
    by: &Caller,
    org: OrgId,
    amount: &str,
    reason: &str,
    key: &str,
) -> Result<Once<WalletEntry>> {
    let new = NewEntry { amount: amount.parse().unwrap(), reason: reason.into(), key: key.into() };
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org_action::WriteWallet>(by, org).await?;
    let entry = wallet::write(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(entry)
}

/// A payment that a platform admin enters.
pub(crate) async fn pay(db: &Db, org: OrgId, amount: &str, key: &str) -> Result<WalletEntry> {
    write(db, &person(PAT), org, amount, "a payment", key).await.map(Once::into_inner)
}

/// As the platform's admins see it.
pub(crate) async fn balance(world: &World, org: OrgId) -> String {
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<org_action::ViewWallet>(&person(PAT), org).await.unwrap();
    wallet::wallet(&mut tx, &allowed).await.unwrap().balance.to_string()
}

async fn entries(db: &Db, by: &Caller, org: OrgId, filter: &EntryFilter) -> Result<Vec<WalletEntry>> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org_action::ViewWallet>(by, org).await?;
    Ok(wallet::entries(&mut tx, &allowed, filter, Page::new(1, 100).unwrap()).await?.items)
}

const POOR: &str = "conflict insufficient_funds: there is not so much in the wallet";

// proves ORG-12
#[tokio::test]
async fn the_balance_is_the_sum_of_entries_that_were_made_at_once() {
    let world = World::new().await;
    pay(&world.db, ACME, "5", "first").await.unwrap();
    let outcomes = race(20, |number| {
        let db = world.db.clone();
        let amount = if number % 2 == 0 { "1.25" } else { "-0.5" };
        async move { said(&pay(&db, ACME, amount, &format!("entry-{number}")).await) }
    })
    .await;
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
    assert_eq!(balance(&world, ACME).await, "12.50");
    let sums = format!(
        "select sum(amount) = (select balance from wallets where org_id = '{ACME}'), count(*), max(seq),
                bool_and(balance = running)
         from (select *, sum(amount) over (order by seq) as running from wallet_entries where org_id = '{ACME}') e"
    );
    assert_eq!(world.sql(&sums).await, "t|21|21|t");
    assert_eq!(balance(&world, GLOBEX).await, "0.00");
    world.assert_audit_holds().await;
}

// proves ORG-12
#[tokio::test]
async fn of_many_who_spend_the_last_money_one_does() {
    let world = World::new().await;
    pay(&world.db, ACME, "1.5", "first").await.unwrap();
    let outcomes = race(10, |number| {
        let db = world.db.clone();
        async move { said(&pay(&db, ACME, "-1", &format!("debit-{number}")).await) }
    })
    .await;
    let count = |text: &str| outcomes.iter().filter(|outcome| *outcome == text).count();
    assert_eq!((count("ok"), count(POOR)), (1, 9), "{outcomes:?}");
    assert_eq!(balance(&world, ACME).await, "0.50");
    assert_eq!(world.sql("select count(*) from wallet_entries").await, "2");
}

// proves ORG-12
#[tokio::test]
async fn a_payment_is_entered_once_for_each_key() {
    let world = World::new().await;
    let outcomes = race(8, |_| {
        let db = world.db.clone();
        async move { write(&db, &person(PAT), ACME, "3", "an invoice", "invoice-1").await.unwrap() }
    })
    .await;
    let made: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Once::Now(_))).collect();
    assert_eq!(made.len(), 1);
    let first = made[0].clone().into_inner();
    assert!(outcomes.into_iter().all(|outcome| outcome.into_inner() == first));
    for (amount, reason) in [("3.01", "an invoice"), ("-3", "an invoice"), ("3", "another one")] {
        let again = write(&world.db, &person(PAT), ACME, amount, reason, "invoice-1").await;
        assert!(said(&again).starts_with("conflict key_reused"), "{amount} {reason}: {}", said(&again));
    }
    let elsewhere = write(&world.db, &person(PAT), GLOBEX, "4", "an invoice", "invoice-1").await;
    assert!(matches!(elsewhere, Ok(Once::Now(_))), "keys are each organization's own");
    assert_eq!((balance(&world, ACME).await, balance(&world, GLOBEX).await), ("3.00".into(), "4.00".into()));
}

// proves ORG-12
#[tokio::test]
async fn entries_are_never_changed_and_go_only_with_their_organization() {
    let world = World::new().await;
    pay(&world.db, SPROUT, "3", "first").await.unwrap();
    for change in [
        "update wallet_entries set amount = 4",
        "update wallet_entries set reason = 'another'",
        "update wallet_entries set balance = 0",
        "update wallet_entries set key = 'another'",
        "delete from wallet_entries",
    ] {
        let refused = world.try_sql(change).await.unwrap_err();
        assert!(refused.contains("entries of a wallet are never changed"), "{change}: {refused}");
    }
    let refused = world.try_sql("update wallets set balance = -1").await.unwrap_err();
    assert!(refused.contains("wallets_balance"), "{refused}");
    world.sql(&format!("delete from organizations where id = '{SPROUT}'")).await;
    assert_eq!(world.sql("select count(*) from wallet_entries").await, "0");
}

// proves ORG-12
#[tokio::test]
async fn what_no_wallet_can_hold_is_the_callers_mistake() {
    let world = World::new().await;
    let most = "99999999999999.9999";
    pay(&world.db, ACME, most, "first").await.unwrap();
    let over = pay(&world.db, ACME, "0.0001", "second").await;
    assert_eq!(said(&over), "invalid amount: more than a wallet can hold");
    assert_eq!(balance(&world, ACME).await, most);
    for (amount, reason, key, outcome) in [
        ("0", "nothing", "key", "invalid amount: not zero"),
        ("-0.0", "nothing", "key", "invalid amount: not zero"),
        ("1", " ", "key", "invalid reason: 1 to 200 characters, none of them control characters"),
        ("1", "a reason", "", "invalid key: 1 to 100 visible characters"),
        ("1", "a reason", "a key", "invalid key: 1 to 100 visible characters"),
        ("1", "a reason", "\u{200b}", "invalid key: 1 to 100 visible characters"),
    ] {
        let refused = write(&world.db, &person(PAT), GLOBEX, amount, reason, key).await;
        assert_eq!(said(&refused), outcome, "{amount} {reason:?} {key:?}");
    }
    let long = write(&world.db, &person(PAT), GLOBEX, "1", "a reason", &"k".repeat(101)).await;
    assert_eq!(said(&long), "invalid key: 1 to 100 visible characters");
    assert_eq!(said(&pay(&world.db, GLOBEX, "-1", "poor").await), POOR);
}

// proves ORG-12
#[tokio::test]
async fn the_economic_side_sees_the_wallet_and_the_platform_writes_it() {
    let world = World::new().await;
    let all = EntryFilter::default();
    for (by, outcome) in [
        (person(OLGA), "ok"),
        (person(MARY), "ok"),
        (person(PAT), "ok"),
        (person(ADAM), "forbidden org.view_wallet by []"),
        (person(MIA), "forbidden org.view_wallet by []"),
        (person(GARY), "not found: organization"),
    ] {
        assert_eq!(said(&entries(&world.db, &by, ACME, &all).await), outcome, "{by:?}");
    }
    let key = world.key(KeyOwner::Platform, &[Scope::WalletsWrite]).await.caller;
    let stale = Caller::User(Person::without_session(PAT));
    for (by, outcome) in [
        (person(OLGA), "forbidden org.write_wallet by []"),
        (person(MARY), "forbidden org.write_wallet by []"),
        (person(GARY), "not found: organization"),
        (stale, "forbidden org.write_wallet by [sensitive.recent_password]"),
        (person(PAT), "ok"),
        (key, "ok"),
    ] {
        let key = format!("{by:?}").replace(char::is_whitespace, "").chars().take(90).collect::<String>();
        assert_eq!(said(&write(&world.db, &by, ACME, "1", "a payment", &key).await), outcome, "{by:?}");
    }
    assert_eq!(balance(&world, ACME).await, "2.00");
}

// proves ORG-12
#[tokio::test]
async fn entries_are_listed_newest_first_by_kind_and_time() {
    let world = World::new().await;
    pay(&world.db, ACME, "1", "first").await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    let second = pay(&world.db, ACME, "2", "second").await.unwrap();
    let listed = async |filter: EntryFilter| {
        let entries = entries(&world.db, &person(MARY), ACME, &filter).await.unwrap();
        entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    assert_eq!(listed(EntryFilter::default()).await, ["second", "first"]);
    let (kind, at) = (Some(EntryKind::Payment), Some(second.created_at));
    assert_eq!(listed(EntryFilter { kind, since: at, until: None }).await, ["second"]);
    assert_eq!(listed(EntryFilter { kind, since: None, until: at }).await, ["first"]);
    assert!(listed(EntryFilter { kind: Some(EntryKind::Use), ..EntryFilter::default() }).await.is_empty());
}
