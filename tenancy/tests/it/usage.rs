//! What organizations use of what their plan allows.

use chrono::{DateTime, Utc};
use tenancy::api_key::Scope;
use tenancy::usage::{self, Counted, Metric, NewUsage, UsageItem, UsageReport};
use tenancy::{Caller, Db, KeyOwner, Once, OrgId, Result, UserId, org_action};

use crate::agent::person;
use crate::support::{ACME, GARY, GLOBEX, MIA, OLGA, PAT, SPROUT, World, ZOE, race, request, said, time};

async fn record(db: &Db, by: &Caller, org: OrgId, amount: i64, key: &str) -> Result<Once<Counted>> {
    let new = NewUsage { metric: Metric::Messages, amount, key: key.into() };
    let mut tx = db.begin(request()).await?;
    let seen = tx.authorize::<org_action::View>(by, org).await?;
    let counting = usage::begin(&mut tx, &seen, new).await?;
    let allowed = tx.authorize_with::<org_action::RecordUsage>(by, org, counting.context()).await?;
    let counted = usage::record(&mut tx, &allowed, counting).await?;
    tx.commit().await?;
    Ok(counted)
}

async fn report(db: &Db, by: UserId, org: OrgId) -> Result<UsageReport> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org_action::ViewUsage>(&person(by), org).await?;
    usage::report(&mut tx, &allowed).await
}

async fn key(world: &World) -> Caller {
    world.key(KeyOwner::Platform, &[Scope::UsageWrite]).await.caller
}

async fn count(world: &World, org: OrgId) -> String {
    world
        .sql(&format!("select count from usage_counters where org_id = '{org}' order by month desc limit 1"))
        .await
}

// proves PLN-4
#[tokio::test]
async fn what_is_counted_at_once_is_counted_exactly_and_once_for_each_key() {
    let world = World::new().await;
    let by = key(&world).await;
    let outcomes = race(20, |number| {
        let (db, by) = (world.db.clone(), by.clone());
        // Each key comes twice.
        async move { record(&db, &by, ACME, 3, &format!("turn-{}", number / 2)).await.unwrap() }
    })
    .await;
    let mut counts: Vec<i64> = outcomes
        .iter()
        .filter_map(|outcome| if let Once::Now(counted) = outcome { Some(counted.count) } else { None })
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=10).map(|number| number * 3).collect::<Vec<i64>>());
    for outcome in &outcomes {
        let (Once::Now(told) | Once::Before(told)) = outcome;
        let same =
            outcomes.iter().map(|other| other.clone().into_inner()).filter(|other| other.key == told.key);
        assert!(same.into_iter().all(|other| other == *told), "{told:?}");
    }
    assert_eq!(count(&world, ACME).await, "30");
}

// proves PLN-2, PLN-4
#[tokio::test]
async fn of_many_who_count_the_last_messages_of_a_plan_as_many_do_as_there_are() {
    let world = World::new().await;
    let by = key(&world).await;
    record(&world.db, &by, SPROUT, 97, "bulk").await.unwrap();
    let whole = record(&world.db, &by, SPROUT, 4, "too much").await;
    assert_eq!(said(&whole), "invalid key: 1 to 100 visible characters");
    let whole = record(&world.db, &by, SPROUT, 4, "too-much").await;
    assert_eq!(said(&whole), "limit: 101 of 100 messages_per_month on free");
    assert_eq!(count(&world, SPROUT).await, "97", "all of it or nothing");
    let outcomes = race(10, |number| {
        let (db, by) = (world.db.clone(), by.clone());
        async move { said(&record(&db, &by, SPROUT, 1, &format!("turn-{number}")).await) }
    })
    .await;
    let told = |text: &str| outcomes.iter().filter(|outcome| *outcome == text).count();
    assert_eq!((told("ok"), told("limit: 101 of 100 messages_per_month on free")), (3, 7), "{outcomes:?}");
    assert_eq!(count(&world, SPROUT).await, "100");
    // What was counted is told again although there is no more.
    assert!(matches!(record(&world.db, &by, SPROUT, 97, "bulk").await, Ok(Once::Before(_))));
    let other = record(&world.db, &by, SPROUT, 1, "bulk").await;
    assert!(said(&other).starts_with("conflict key_reused"), "{}", said(&other));
    // What was refused may be tried again when there is room.
    world.sql(&format!("update organizations set plan = 'starter' where id = '{SPROUT}'")).await;
    assert!(matches!(record(&world.db, &by, SPROUT, 4, "too-much").await, Ok(Once::Now(_))));
}

// proves PLN-4
#[tokio::test]
async fn months_begin_at_midnight_of_utc() {
    let world = World::new().await;
    let by = key(&world).await;
    let at = |text: &str| -> DateTime<Utc> { time(text) };
    world.clock.set(at("2026-11-30T23:59:59.999Z"));
    let last = record(&world.db, &by, GLOBEX, 5, "last").await.unwrap().into_inner();
    world.clock.set(at("2026-12-01T00:00:00Z"));
    let first = record(&world.db, &by, GLOBEX, 2, "first").await.unwrap().into_inner();
    assert_eq!((last.month.to_string(), last.count), ("2026-11-01".into(), 5));
    assert_eq!((first.month.to_string(), first.count), ("2026-12-01".into(), 2));
    let again = record(&world.db, &by, GLOBEX, 5, "last").await.unwrap();
    assert_eq!(again, Once::Before(last), "a key is known in the next month too");
    let report = report(&world.db, GARY, GLOBEX).await.unwrap();
    assert_eq!((report.items.messages_per_month.current, report.month.to_string()), (2, "2026-12-01".into()));
}

// proves PLN-4, KEY-1
#[tokio::test]
async fn applications_count_where_their_scope_says_and_people_do_not() {
    let world = World::new().await;
    let own = world.key(KeyOwner::Org(ACME), &[Scope::UsageWrite]).await.caller;
    let stranger = world.key(KeyOwner::Org(GLOBEX), &[Scope::UsageWrite]).await.caller;
    let reader = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.caller;
    for (by, outcome) in [
        (own, "ok"),
        (stranger, "not found: organization"),
        (reader, "forbidden org.record_usage by []"),
        (person(OLGA), "forbidden org.record_usage by []"),
        (person(ZOE), "not found: organization"),
    ] {
        let key = format!("{by:?}").replace(char::is_whitespace, "").chars().take(90).collect::<String>();
        assert_eq!(said(&record(&world.db, &by, ACME, 1, &key).await), outcome, "{by:?}");
    }
    assert_eq!(count(&world, ACME).await, "1");
    let platform = key(&world).await;
    for amount in [0, -1, 1_000_000_001, i64::MAX] {
        let refused = record(&world.db, &platform, ACME, amount, "key").await;
        assert_eq!(said(&refused), "invalid amount: 1 to 1000000000", "{amount}");
    }
    world
        .sql(&format!("update organizations set subscription_status = 'suspended' where id = '{ACME}'"))
        .await;
    let stopped = record(&world.db, &platform, ACME, 1, "stopped").await;
    assert_eq!(said(&stopped), "forbidden org.record_usage by [limit.org_read_only]");
}

// proves PLN-3, PLN-4
#[tokio::test]
async fn a_report_warns_above_80_percent_and_after_a_downgrade() {
    let world = World::new().await;
    let by = key(&world).await;
    record(&world.db, &by, SPROUT, 80, "bulk").await.unwrap();
    let report_of = async || report(&world.db, OLGA, SPROUT).await.unwrap();
    let first = report_of().await;
    assert_eq!(
        (first.plan.as_str(), first.price_usd, first.requests_per_minute),
        ("free", Some(0), Some(10))
    );
    let messages = UsageItem { current: 80, limit: Some(100), percent: Some(80) };
    assert_eq!(first.items.messages_per_month, messages);
    assert_eq!(first.items.members, UsageItem { current: 1, limit: Some(2), percent: Some(50) });
    // The one workspace that the plan has.
    assert_eq!((first.warnings, first.reached), (vec!["workspaces"], vec!["workspaces"]));
    record(&world.db, &by, SPROUT, 1, "one-more").await.unwrap();
    assert_eq!(report_of().await.warnings, ["workspaces", "messages_per_month"]);

    // Acme has three workspaces, two agents and eight members: too much for the plan free.
    record(&world.db, &by, ACME, 101, "bulk").await.unwrap();
    world.sql(&format!("update organizations set plan = 'free' where id = '{ACME}'")).await;
    let after = report(&world.db, MIA, ACME).await.unwrap();
    assert_eq!(after.items.workspaces, UsageItem { current: 3, limit: Some(1), percent: Some(300) });
    assert_eq!(after.items.members, UsageItem { current: 8, limit: Some(2), percent: Some(400) });
    let all = vec!["workspaces", "agents", "members", "messages_per_month"];
    assert_eq!((after.warnings, after.reached), (all.clone(), all));
    let more = record(&world.db, &by, ACME, 1, "more").await;
    assert_eq!(said(&more), "limit: 102 of 100 messages_per_month on free");
    assert_eq!(count(&world, ACME).await, "101", "nothing is lost");

    world.sql(&format!("update organizations set plan = 'enterprise' where id = '{ACME}'")).await;
    let endless = report(&world.db, PAT, ACME).await.unwrap();
    assert_eq!(endless.items.members, UsageItem { current: 8, limit: None, percent: None });
    assert!(endless.sso && endless.dedicated_instance && endless.warnings.is_empty());
    assert_eq!(said(&report(&world.db, GARY, ACME).await), "not found: organization");
}
