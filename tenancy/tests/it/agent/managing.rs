use serde_json::json;
use tenancy::agent::{self, Agent, AgentFilter, AgentSort, AgentUpdate};
use tenancy::{AgentId, Db, KeyOwner, License, Page, Paged, Result, UserId, agent_action as action};

use super::{create, person};
use crate::support::{
    ACME, ACME_AGENT, ACME_IDLE_AGENT, ADAM, FREE_AGENT, GARY, GIL, GLOBEX, GLOBEX_AGENT, MIA, OLGA, SAM,
    SPROUT, World, ZOE, object, of, race, request, said,
};

async fn update(db: &Db, by: UserId, id: AgentId, update: &AgentUpdate) -> Result<Agent> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Update>(&person(by), id).await?;
    let agent = agent::update(&mut tx, &allowed, update).await?;
    tx.commit().await?;
    Ok(agent)
}

async fn deactivate(db: &Db, by: UserId, id: AgentId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Deactivate>(&person(by), id).await?;
    agent::deactivate(&mut tx, &allowed).await?;
    tx.commit().await.map(drop)
}

async fn reactivate(db: &Db, by: UserId, id: AgentId) -> Result<Agent> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Reactivate>(&person(by), id).await?;
    let agent = agent::reactivate(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(agent)
}

async fn see(db: &Db, by: UserId, id: AgentId) -> Result<Agent> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::View>(&person(by), id).await?;
    agent::agent(&mut tx, &allowed).await
}

fn all() -> AgentFilter {
    AgentFilter { org: None, license: None, active: None, search: None, sort: AgentSort::Created }
}

async fn list(db: &Db, by: UserId, filter: &AgentFilter, page: (u32, u32)) -> Paged<Agent> {
    let mut tx = db.begin(request()).await.unwrap();
    agent::list(&mut tx, &person(by), filter, Page::new(page.0, page.1).unwrap()).await.unwrap()
}

async fn listed(db: &Db, by: UserId, filter: &AgentFilter) -> Vec<AgentId> {
    let mut ids: Vec<AgentId> =
        list(db, by, filter, (1, 100)).await.items.iter().map(|agent| agent.id).collect();
    ids.sort();
    ids
}

// proves AGT-1, AGT-2
#[tokio::test]
async fn a_type_is_an_owners_once_and_others_may_have_it_too() {
    let world = World::new().await;
    for (by, owner, outcome) in [
        (ADAM, KeyOwner::Org(ACME), "ok"),
        (OLGA, KeyOwner::Org(ACME), "conflict agent_type_taken: the owner has an agent of this type already"),
        (GARY, KeyOwner::Org(GLOBEX), "ok"),
        (SAM, KeyOwner::Platform, "ok"),
        (SAM, KeyOwner::Platform, "conflict agent_type_taken: the owner has an agent of this type already"),
        (ADAM, KeyOwner::Platform, "forbidden agent.create by []"),
        (MIA, KeyOwner::Org(ACME), "forbidden agent.create by []"),
        (GARY, KeyOwner::Org(ACME), "not found: organization"),
    ] {
        assert_eq!(said(&create(&world.db, by, owner, "support").await), outcome, "{by} for {owner:?}");
    }
    let licenses =
        "select coalesce(org_id::text, '-'), license from agents where agent_type = 'support' order by 1";
    let expected = format!("-|free\n{ACME}|proprietary\n{GLOBEX}|proprietary");
    assert_eq!(world.sql(licenses).await, expected);
    world.assert_audit_holds().await;
}

// proves PLN-2
#[tokio::test]
async fn of_many_who_make_the_last_agent_that_the_plan_allows_one_does() {
    let world = World::new().await;
    create(&world.db, OLGA, KeyOwner::Org(SPROUT), "first").await.unwrap();
    let outcomes = race(8, |number| {
        let db = world.db.clone();
        async move { said(&create(&db, OLGA, KeyOwner::Org(SPROUT), &format!("kind {number}")).await) }
    })
    .await;
    let made = outcomes.iter().filter(|outcome| *outcome == "ok").count();
    let refused = outcomes.iter().filter(|outcome| *outcome == "limit: 2 of 2 agents on free").count();
    assert_eq!((made, refused), (1, 7), "{outcomes:?}");
    assert_eq!(world.sql(&format!("select count(*) from agents where org_id = '{SPROUT}'")).await, "2");
}

// proves AGT-1
#[tokio::test]
async fn an_agent_out_of_use_is_hidden_kept_and_counted() {
    let world = World::new().await;
    let (first, _) = (
        create(&world.db, OLGA, KeyOwner::Org(SPROUT), "first").await.unwrap().id,
        create(&world.db, OLGA, KeyOwner::Org(SPROUT), "second").await.unwrap(),
    );
    for _ in 0..2 {
        assert_eq!(said(&deactivate(&world.db, OLGA, first).await), "ok");
    }
    let third = create(&world.db, OLGA, KeyOwner::Org(SPROUT), "third").await;
    assert_eq!(said(&third), "limit: 2 of 2 agents on free");
    let said_no = world.sql("select count(*) from audit where action = 'agent.deactivate'").await;
    assert_eq!(said_no, "1", "the second time nothing changed");
    assert!(reactivate(&world.db, OLGA, first).await.unwrap().is_active);

    assert_eq!(said(&deactivate(&world.db, ADAM, ACME_AGENT).await), "ok");
    assert_eq!(said(&see(&world.db, MIA, ACME_AGENT).await), "not found: agent");
    assert!(!see(&world.db, ADAM, ACME_AGENT).await.unwrap().is_active);
    let told = world.told(of("User", ADAM), "agent.run", of("Agent", ACME_AGENT)).await;
    assert_eq!(told, "deny forbidden by agent.inactive");
    assert_eq!(said(&reactivate(&world.db, MIA, ACME_AGENT).await), "not found: agent");
    assert_eq!(said(&reactivate(&world.db, ADAM, ACME_AGENT).await), "ok");
    assert!(see(&world.db, MIA, ACME_AGENT).await.unwrap().is_active);
    assert_eq!(said(&deactivate(&world.db, MIA, ACME_AGENT).await), "forbidden agent.deactivate by []");
}

// proves AGT-2
#[tokio::test]
async fn another_organizations_agent_is_not_found_whatever_is_done() {
    let world = World::new().await;
    let nothing = AgentUpdate::default();
    for id in [ACME_AGENT, ACME_IDLE_AGENT, AgentId(uuid::Uuid::from_u128(7))] {
        for outcome in [
            said(&see(&world.db, GARY, id).await),
            said(&update(&world.db, GARY, id, &nothing).await),
            said(&deactivate(&world.db, GARY, id).await),
            said(&reactivate(&world.db, GARY, id).await),
        ] {
            assert_eq!(outcome, "not found: agent", "{id}");
        }
    }
    // Shared with Acme, and not Acme's.
    assert_eq!(said(&see(&world.db, ADAM, GLOBEX_AGENT).await), "ok");
    let refused = "forbidden agent.update by []";
    assert_eq!(said(&update(&world.db, ADAM, GLOBEX_AGENT, &nothing).await), refused);
}

// proves AGT-1
#[tokio::test]
async fn people_list_free_agents_those_of_their_organizations_and_those_shared_with_them() {
    let world = World::new().await;
    world
        .sql(&format!(r#"update agents set settings = '{{"prompt": "secret"}}' where id = '{GLOBEX_AGENT}'"#))
        .await;
    for (by, expected) in [
        (MIA, vec![FREE_AGENT, ACME_AGENT, GLOBEX_AGENT]),
        (ADAM, vec![FREE_AGENT, ACME_AGENT, GLOBEX_AGENT, ACME_IDLE_AGENT]),
        (GIL, vec![FREE_AGENT, GLOBEX_AGENT]),
        (ZOE, vec![FREE_AGENT]),
        (SAM, vec![FREE_AGENT]),
    ] {
        assert_eq!(listed(&world.db, by, &all()).await, expected, "{by}");
    }
    for (filter, expected) in [
        (AgentFilter { org: Some(GLOBEX), ..all() }, vec![GLOBEX_AGENT]),
        (AgentFilter { license: Some(License::Free), ..all() }, vec![FREE_AGENT]),
        (AgentFilter { active: Some(false), ..all() }, vec![ACME_IDLE_AGENT]),
        (AgentFilter { search: Some("IDL".into()), ..all() }, vec![ACME_IDLE_AGENT]),
        (AgentFilter { search: Some("%".into()), ..all() }, vec![]),
    ] {
        assert_eq!(listed(&world.db, ADAM, &filter).await, expected, "{filter:?}");
    }
    // What it is made of is for those who see its owner.
    let of_owner = see(&world.db, GIL, GLOBEX_AGENT).await.unwrap();
    assert_eq!(of_owner.settings, Some(object(json!({ "prompt": "secret" }))));
    let shared = see(&world.db, MIA, GLOBEX_AGENT).await.unwrap();
    assert_eq!((shared.settings, shared.shared_with.len(), shared.shared_with[0].org_id), (None, 1, ACME));
    let page = list(&world.db, ADAM, &AgentFilter { sort: AgentSort::NameBackwards, ..all() }, (2, 3)).await;
    assert_eq!((page.info.total, page.info.total_pages, page.items.len()), (4, 2, 1));
    let first = list(&world.db, ADAM, &AgentFilter { sort: AgentSort::NameBackwards, ..all() }, (1, 3)).await;
    assert_eq!(first.items[0].id, ACME_IDLE_AGENT, "the name that comes last");
}

// proves AGT-1
#[tokio::test]
async fn a_change_touches_what_it_names_and_is_recorded() {
    let world = World::new().await;
    let settings = object(json!({ "model": "large" }));
    let named = AgentUpdate {
        name: Some("Chatter".into()),
        description: Some(Some("Talks.\nA lot.".into())),
        settings: Some(settings.clone()),
    };
    let agent = update(&world.db, ADAM, ACME_AGENT, &named).await.unwrap();
    assert_eq!((agent.name.as_str(), agent.settings, agent.version), ("Chatter", Some(settings.clone()), 2));
    let again = update(&world.db, ADAM, ACME_AGENT, &named).await.unwrap();
    assert_eq!(again.version, 2, "the same again is no change");
    let silent = AgentUpdate { description: Some(None), ..AgentUpdate::default() };
    let agent = update(&world.db, ADAM, ACME_AGENT, &silent).await.unwrap();
    assert_eq!((agent.description, agent.name.as_str(), agent.settings), (None, "Chatter", Some(settings)));
    let recorded = "select d.details::jsonb -> 'after' from audit a join audit_details d using (chain, seq)
                    where a.action = 'agent.update' order by a.seq desc limit 1";
    assert_eq!(world.sql(recorded).await, r#"{"description": null}"#);
    let large = AgentUpdate {
        settings: Some(object(json!({ "text": "x".repeat(16 * 1024) }))),
        ..AgentUpdate::default()
    };
    assert!(said(&update(&world.db, ADAM, ACME_AGENT, &large).await).starts_with("invalid settings"));
    let nameless = AgentUpdate { name: Some(" ".into()), ..AgentUpdate::default() };
    assert!(said(&update(&world.db, ADAM, ACME_AGENT, &nameless).await).starts_with("invalid name"));
    assert_eq!(said(&update(&world.db, SAM, FREE_AGENT, &named).await), "ok");
    world.assert_audit_holds().await;
}
