use std::sync::Arc;

use chrono::TimeDelta;
use tenancy::agent::{self, AgentUse, NewAgentUse};
use tenancy::api_key::Scope;
use tenancy::{AgentId, Caller, Db, KeyOwner, Once, OrgId, Result, org_action};

use super::person;
use super::sharing::{revoke, share};
use crate::support::{
    ACME, ACME_AGENT, ACME_IDLE_AGENT, ADAM, FREE_AGENT, GARY, GLOBEX, GLOBEX_AGENT, MARY, MIA, SPROUT,
    World, ZOE, race, request, said, start,
};
use crate::wallet::{balance, pay};

async fn record(db: &Db, by: &Caller, org: OrgId, agent: AgentId, key: &str) -> Result<Once<AgentUse>> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org_action::Spend>(by, org).await?;
    let used = agent::use_agent(&mut tx, &allowed, &NewAgentUse { agent, key: key.into() }).await?;
    tx.commit().await?;
    Ok(used)
}

/// `now`, `before`, or what went wrong; with what was charged.
fn told(outcome: &Result<Once<AgentUse>>) -> String {
    let charged = |used: &AgentUse| used.charged.map_or("nothing".to_owned(), |price| price.to_string());
    match outcome {
        Ok(Once::Now(used)) => format!("now {}", charged(used)),
        Ok(Once::Before(used)) => format!("before {}", charged(used)),
        _ => said(outcome),
    }
}

const POOR: &str = "conflict insufficient_funds: there is not so much in the wallet";

/// Acme's agent is lent to Globex at a price.
async fn lent(price: &str) -> World {
    let world = World::new().await;
    share(&world.db, ADAM, ACME_AGENT, "globex", (Some(price), None)).await.unwrap();
    world
}

// proves AGT-3
#[tokio::test]
async fn own_free_and_freely_lent_agents_cost_nothing() {
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &[Scope::UsageWrite]).await.caller;
    for (number, by) in [person(MARY), key].into_iter().enumerate() {
        for agent in [ACME_AGENT, FREE_AGENT, GLOBEX_AGENT] {
            let outcome =
                record(&world.db, &by, ACME, agent, &format!("{number} {agent}").replace(' ', "-")).await;
            assert_eq!(told(&outcome), "now nothing", "{by:?} {agent}");
        }
    }
    assert_eq!(world.sql("select count(*) from wallet_entries").await, "0");
    assert_eq!(world.sql("select count(*) from uses").await, "6");
}

// proves AGT-3, ORG-12
#[tokio::test]
async fn a_lent_agent_is_paid_for_once_for_each_key() {
    let world = lent("0.75").await;
    pay(&world.db, GLOBEX, "2", "top-up").await.unwrap();
    let gary = person(GARY);
    let first = record(&world.db, &gary, GLOBEX, ACME_AGENT, "turn-1").await;
    assert_eq!(told(&first), "now 0.75");
    // The price of the key stays what it was, also when the agent is not lent any longer.
    let again = share(&world.db, ADAM, ACME_AGENT, "globex", (Some("1.25"), None)).await.unwrap();
    assert_eq!(told(&record(&world.db, &gary, GLOBEX, ACME_AGENT, "turn-1").await), "before 0.75");
    assert_eq!(told(&record(&world.db, &gary, GLOBEX, ACME_AGENT, "turn-2").await), "now 1.25");
    revoke(&world.db, ADAM, ACME_AGENT, again.id).await.unwrap();
    let replayed = record(&world.db, &gary, GLOBEX, ACME_AGENT, "turn-2").await;
    assert_eq!(told(&replayed), "before 1.25");
    let other = record(&world.db, &gary, GLOBEX, FREE_AGENT, "turn-2").await;
    assert!(said(&other).starts_with("conflict key_reused"), "{}", said(&other));
    assert_eq!((balance(&world, GLOBEX).await, balance(&world, ACME).await), ("0.00".into(), "2.00".into()));
    let entries = format!(
        "select kind, amount, used_type, used_id = '{ACME_AGENT}', counterparty_id = '{GLOBEX}' from wallet_entries
         where org_id = '{ACME}' order by seq"
    );
    assert_eq!(world.sql(&entries).await, "earning|0.7500|Agent|t|t\nearning|1.2500|Agent|t|t");
    let id = first.unwrap().into_inner().id;
    assert_eq!(world.sql(&format!("select count(*) from wallet_entries where key = '{id}'")).await, "2");
    world.assert_audit_holds().await;
}

// proves AGT-3, ORG-12
#[tokio::test]
async fn whoever_cannot_pay_uses_nothing_and_nothing_changes() {
    let world = lent("0.75").await;
    pay(&world.db, GLOBEX, "0.7499", "top-up").await.unwrap();
    let before = world.sql("select count(*) from audit").await;
    assert_eq!(told(&record(&world.db, &person(GARY), GLOBEX, ACME_AGENT, "turn-1").await), POOR);
    assert_eq!(world.sql("select count(*) from uses").await, "0");
    assert_eq!(world.sql("select count(*) from wallet_entries").await, "1");
    assert_eq!(world.sql("select count(*) from audit").await, before);
    assert_eq!(
        (balance(&world, GLOBEX).await, balance(&world, ACME).await),
        ("0.7499".into(), "0.00".into())
    );
    // The key was not used up.
    pay(&world.db, GLOBEX, "0.0001", "more").await.unwrap();
    assert_eq!(told(&record(&world.db, &person(GARY), GLOBEX, ACME_AGENT, "turn-1").await), "now 0.75");
}

// proves AGT-3, RES-2
#[tokio::test]
async fn what_is_not_lent_to_the_organization_at_that_instant_is_not_there() {
    let world = World::new().await;
    let end = start() + TimeDelta::hours(1);
    share(&world.db, ADAM, ACME_AGENT, "globex", (Some("1"), Some(end))).await.unwrap();
    pay(&world.db, GLOBEX, "5", "top-up").await.unwrap();
    let platform = world.key(KeyOwner::Platform, &[Scope::UsageWrite]).await.caller;
    let missing = "not found: agent";
    for (by, org, agent) in [
        (&platform, SPROUT, ACME_AGENT),
        (&platform, SPROUT, GLOBEX_AGENT),
        (&platform, ACME, ACME_IDLE_AGENT),
        (&person(MARY), ACME, ACME_IDLE_AGENT),
        (&platform, ACME, AgentId(uuid::Uuid::from_u128(7))),
    ] {
        assert_eq!(told(&record(&world.db, by, org, agent, "turn").await), missing, "{by:?} {org} {agent}");
    }
    world.clock.set(end - TimeDelta::milliseconds(1));
    assert_eq!(told(&record(&world.db, &platform, GLOBEX, ACME_AGENT, "turn-1").await), "now 1.00");
    world.clock.set(end);
    assert_eq!(told(&record(&world.db, &platform, GLOBEX, ACME_AGENT, "turn-2").await), missing);
    assert_eq!(told(&record(&world.db, &person(GARY), GLOBEX, ACME_AGENT, "turn-2").await), missing);
    assert_eq!(balance(&world, GLOBEX).await, "4.00");
}

// proves AGT-3
#[tokio::test]
async fn people_spend_for_their_own_organization_and_keys_where_their_scope_says() {
    let world = World::new().await;
    let stranger = world.key(KeyOwner::Org(GLOBEX), &[Scope::UsageWrite]).await.caller;
    let reader = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.caller;
    for (by, org, outcome) in [
        (&person(ZOE), ACME, "not found: organization"),
        (&person(GARY), ACME, "not found: organization"),
        (&stranger, ACME, "not found: organization"),
        (&reader, ACME, "forbidden org.spend by []"),
        (&person(MIA), ACME, "forbidden org.spend by []"),
        (&person(MARY), ACME, "now nothing"),
    ] {
        assert_eq!(told(&record(&world.db, by, org, FREE_AGENT, "turn").await), outcome, "{by:?}");
    }
    let keyless = record(&world.db, &person(MARY), ACME, FREE_AGENT, "").await;
    assert_eq!(said(&keyless), "invalid key: 1 to 100 visible characters");
}

// proves AGT-3
#[tokio::test]
async fn a_key_that_comes_many_times_at_once_is_charged_once() {
    let world = lent("1").await;
    pay(&world.db, GLOBEX, "10", "top-up").await.unwrap();
    let mut outcomes = race(10, |_| {
        let db = world.db.clone();
        async move { told(&record(&db, &person(GARY), GLOBEX, ACME_AGENT, "turn").await) }
    })
    .await;
    outcomes.sort();
    let mut expected = vec!["before 1.00"; 9];
    expected.push("now 1.00");
    assert_eq!(outcomes, expected);
    assert_eq!((balance(&world, GLOBEX).await, balance(&world, ACME).await), ("9.00".into(), "1.00".into()));
}

// proves AGT-3, ORG-12
#[tokio::test]
async fn two_organizations_that_use_each_others_agents_at_once_never_block_each_other() {
    let world = lent("1").await;
    share(&world.db, GARY, GLOBEX_AGENT, "acme", (Some("2"), None)).await.unwrap();
    for org in [ACME, GLOBEX] {
        pay(&world.db, org, "100", "top-up").await.unwrap();
    }
    let world = Arc::new(world);
    let outcomes = race(12, |number| {
        let world = Arc::clone(&world);
        async move {
            let mut outcomes = vec![];
            for turn in 0..5 {
                let key = format!("{number}-{turn}");
                let (by, org, agent) =
                    if number % 2 == 0 { (GARY, GLOBEX, ACME_AGENT) } else { (MARY, ACME, GLOBEX_AGENT) };
                outcomes.push(told(&record(&world.db, &person(by), org, agent, &key).await));
            }
            outcomes
        }
    })
    .await;
    let outcomes: Vec<String> = outcomes.into_iter().flatten().collect();
    let count = |text: &str| outcomes.iter().filter(|outcome| *outcome == text).count();
    assert_eq!((count("now 1.00"), count("now 2.00")), (30, 30), "{outcomes:?}");
    // 100 - 30 × 1 + 30 × 2, and the other way.
    assert_eq!(
        (balance(&world, GLOBEX).await, balance(&world, ACME).await),
        ("130.00".into(), "70.00".into())
    );
    world.assert_audit_holds().await;
}
