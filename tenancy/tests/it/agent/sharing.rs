use chrono::{DateTime, TimeDelta, Utc};
use tenancy::agent::{self, AgentShare, NewAgentShare};
use tenancy::{AgentId, Db, Page, Result, ShareId, UserId, agent_action as action};

use super::person;
use crate::support::{
    ACME, ACME_AGENT, ADAM, FREE_AGENT, GARY, GIL, GLOBEX, GLOBEX_AGENT, MIA, SAM, World, of, request, said,
    start,
};

pub(super) async fn share(
    db: &Db,
    by: UserId,
    id: AgentId,
    org: &str,
    (price, expires_at): (Option<&str>, Option<DateTime<Utc>>),
) -> Result<AgentShare> {
    let price_per_use = price.map(|price| price.parse().unwrap());
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Share>(&person(by), id).await?;
    let new = NewAgentShare { org: org.into(), price_per_use, expires_at };
    let share = agent::share(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(share)
}

pub(super) async fn revoke(db: &Db, by: UserId, on: AgentId, id: ShareId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Share>(&person(by), on).await?;
    agent::revoke_share(&mut tx, &allowed, id).await?;
    tx.commit().await.map(drop)
}

async fn list(db: &Db, by: UserId, id: AgentId) -> Result<Vec<AgentShare>> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::ListShares>(&person(by), id).await?;
    Ok(agent::shares(&mut tx, &allowed, Page::new(1, 20).unwrap()).await?.items)
}

// proves AGT-3
#[tokio::test]
async fn an_agent_is_lent_to_another_organization_on_terms_that_can_change() {
    let world = World::new().await;
    let told = async || world.told(of("User", GIL), "agent.run", of("Agent", ACME_AGENT)).await;
    assert!(told().await.starts_with("deny"));
    let first = share(&world.db, ADAM, ACME_AGENT, "globex", (Some("0.5"), None)).await.unwrap();
    assert!(told().await.starts_with("allow"), "{}", told().await);
    let end = start() + TimeDelta::hours(1);
    let again =
        share(&world.db, ADAM, ACME_AGENT, &GLOBEX.to_string(), (Some("0.25"), Some(end))).await.unwrap();
    assert_eq!(again.id, first.id, "one share, changed");
    let listed = list(&world.db, ADAM, ACME_AGENT).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&again));
    assert_eq!((listed[0].price_per_use, listed[0].expires_at), ("0.25".parse().ok(), Some(end)));
    assert_eq!((listed[0].org_slug.as_deref(), listed[0].grantee_id), (Some("globex"), GLOBEX.0));
    revoke(&world.db, ADAM, ACME_AGENT, first.id).await.unwrap();
    assert!(told().await.starts_with("deny"));
    assert_eq!(said(&revoke(&world.db, ADAM, ACME_AGENT, first.id).await), "not found: share");
    let chain = format!("select action from audit where chain = '{ACME}' order by seq desc limit 3");
    assert_eq!(world.sql(&chain).await, "agent.share\nagent.share\nagent.share");
    world.assert_audit_holds().await;
}

// proves AGT-3
#[tokio::test]
async fn nobody_lends_what_is_not_theirs_or_to_whom_there_is_not() {
    let world = World::new().await;
    let nobody = "invalid org: no other organization has this id or slug";
    for (by, on, org, price, outcome) in [
        (ADAM, ACME_AGENT, "nowhere", None, nobody),
        (ADAM, ACME_AGENT, "acme", None, nobody),
        (ADAM, ACME_AGENT, "019aa000-0000-7000-8000-00000000dead", None, nobody),
        (ADAM, ACME_AGENT, "globex", Some("0"), "invalid price_per_use: more than nothing"),
        (ADAM, ACME_AGENT, "globex", Some("-1"), "invalid price_per_use: more than nothing"),
        (MIA, ACME_AGENT, "globex", None, "forbidden agent.share by []"),
        (GARY, ACME_AGENT, "globex", None, "not found: agent"),
        (SAM, FREE_AGENT, "globex", None, "forbidden agent.share by []"),
        // Lent to Acme: Acme does not lend it on.
        (ADAM, GLOBEX_AGENT, "sprout", None, "forbidden agent.share by []"),
    ] {
        let outcome_of = said(&share(&world.db, by, on, org, (price, None)).await);
        assert_eq!(outcome_of, outcome, "{by} {org} {price:?}");
    }
    let past = share(&world.db, ADAM, ACME_AGENT, "globex", (None, Some(start()))).await;
    assert!(said(&past).starts_with("invalid expires_at"));
    assert_eq!(world.sql("select count(*) from shares").await, "1", "the one of the world");
    assert_eq!(said(&list(&world.db, ADAM, GLOBEX_AGENT).await), "forbidden agent.list_shares by []");
    assert_eq!(said(&list(&world.db, GARY, ACME_AGENT).await), "not found: agent");
    let shares = list(&world.db, GARY, GLOBEX_AGENT).await.unwrap();
    let of_others = revoke(&world.db, ADAM, ACME_AGENT, shares[0].id).await;
    assert_eq!(said(&of_others), "not found: share", "of another agent");
}

// proves AGT-3
#[tokio::test]
async fn a_suspended_organization_still_sees_with_whom_its_agents_are_shared() {
    let world = World::new().await;
    world
        .sql(&format!("update organizations set subscription_status = 'cancelled' where id = '{GLOBEX}'"))
        .await;
    assert_eq!(list(&world.db, GARY, GLOBEX_AGENT).await.unwrap().len(), 1);
    let shared = share(&world.db, GARY, GLOBEX_AGENT, "sprout", (None, None)).await;
    assert_eq!(said(&shared), "forbidden agent.share by [limit.agent_read_only]");
}
