//! Instances, which work once both sides of an organization have said yes.

use tenancy::instance::{
    self, Instance, InstanceFilter, InstanceSort, InstanceUpdate, NewInstance, Say, Side,
};
use tenancy::{Db, InstanceId, OrgId, Page, Result, UserId, instance_action as action};

use crate::agent::person;
use crate::support::{ACME, ADAM, GARY, GLOBEX, MARY, MIA, OLGA, PAT, PIA, World, ZOE, race, request, said};

async fn create(db: &Db, by: UserId, org: OrgId, name: &str, is_dedicated: bool) -> Result<Instance> {
    let new = NewInstance { name: name.into(), description: None, is_dedicated };
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize_with::<action::Create>(&person(by), org, new.context()).await?;
    let instance = instance::create(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(instance)
}

async fn see(db: &Db, by: UserId, org: OrgId, id: InstanceId) -> Result<Instance> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::View>(&person(by), id).await?;
    instance::check_home(&mut tx, &allowed, org).await?;
    instance::instance(&mut tx, &allowed).await
}

async fn set(db: &Db, by: UserId, id: InstanceId, side: Side, say: Say) -> Result<Instance> {
    let mut tx = db.begin(request()).await?;
    let instance = match side {
        Side::Technical => {
            let allowed = tx.authorize::<action::SetTechnical>(&person(by), id).await?;
            instance::set_technical(&mut tx, &allowed, say).await?
        }
        Side::Economic => {
            let allowed = tx.authorize::<action::SetEconomic>(&person(by), id).await?;
            instance::set_economic(&mut tx, &allowed, say).await?
        }
    };
    tx.commit().await?;
    Ok(instance)
}

async fn update(db: &Db, by: UserId, id: InstanceId, update: &InstanceUpdate) -> Result<Instance> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Update>(&person(by), id).await?;
    let instance = instance::update(&mut tx, &allowed, update).await?;
    tx.commit().await?;
    Ok(instance)
}

async fn delete(db: &Db, by: UserId, id: InstanceId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Delete>(&person(by), id).await?;
    instance::delete(&mut tx, &allowed).await?;
    tx.commit().await.map(drop)
}

/// `technical: olga, adam`, for each yes that is missing.
fn missing(instance: &Instance) -> Vec<String> {
    let names = |missing: &instance::Missing| {
        let may = missing.may_set.iter().flatten().map(|may| may.name.clone()).collect::<Vec<_>>();
        format!("{}: {}", missing.activation.as_str(), may.join(", "))
    };
    instance.missing.iter().map(names).collect()
}

// proves RES-4
#[tokio::test]
async fn an_instance_works_once_both_sides_have_said_yes_and_tells_who_may() {
    let world = World::new().await;
    let made = create(&world.db, ADAM, ACME, "Shop", false).await.unwrap();
    assert!(!made.is_operational);
    // By rank, and without Susi, whose membership is suspended.
    assert_eq!(missing(&made), ["technical: olga, adam, pia", "economic: olga, mary"]);
    for (by, side, outcome) in [
        (MIA, Side::Technical, "forbidden instance.set_technical by []"),
        (MARY, Side::Technical, "forbidden instance.set_technical by []"),
        (ADAM, Side::Economic, "forbidden instance.set_economic by []"),
        (GARY, Side::Technical, "not found: instance"),
        (PAT, Side::Economic, "not found: instance"),
    ] {
        assert_eq!(said(&set(&world.db, by, made.id, side, Say::Yes).await), outcome, "{by}");
    }
    let half = set(&world.db, ADAM, made.id, Side::Technical, Say::Yes).await.unwrap();
    assert_eq!((half.is_operational, missing(&half)), (false, vec!["economic: olga, mary".into()]));
    assert_eq!(half.technical.unwrap().by, Some(ADAM));
    let whole = set(&world.db, MARY, made.id, Side::Economic, Say::Yes).await.unwrap();
    assert!(whole.is_operational && whole.missing.is_empty());
    // Who said yes first has said it.
    let again = set(&world.db, OLGA, made.id, Side::Economic, Say::Yes).await.unwrap();
    assert_eq!((again.economic.unwrap().by, again.version), (Some(MARY), whole.version));
    let taken_back = set(&world.db, PIA, made.id, Side::Technical, Say::No).await.unwrap();
    assert!(!taken_back.is_operational && taken_back.technical.is_none());
    assert_eq!(taken_back.economic.unwrap().by, Some(MARY));
    let actions = world.sql("select action from audit where target_type = 'Instance' order by seq").await;
    assert_eq!(
        actions,
        "instance.create\ninstance.set_technical\ninstance.set_economic\ninstance.set_technical"
    );
    world.assert_audit_holds().await;
}

// proves RES-4
#[tokio::test]
async fn two_who_say_yes_at_once_are_both_heard() {
    let world = World::new().await;
    for round in 0..5 {
        let id = create(&world.db, ADAM, ACME, &format!("Shop {round}"), false).await.unwrap().id;
        let outcomes = race(2, |number| {
            let db = world.db.clone();
            async move {
                let (by, side) = [(ADAM, Side::Technical), (MARY, Side::Economic)][number];
                said(&set(&db, by, id, side, Say::Yes).await)
            }
        })
        .await;
        assert_eq!(outcomes, ["ok", "ok"]);
        assert!(see(&world.db, MIA, ACME, id).await.unwrap().is_operational);
    }
}

// proves RES-4, API-2
#[tokio::test]
async fn another_organizations_instance_is_not_found_under_any_path() {
    let world = World::new().await;
    let acmes = create(&world.db, ADAM, ACME, "Shop", false).await.unwrap().id;
    let globexs = create(&world.db, GARY, GLOBEX, "Shop", false).await.unwrap().id;
    for (by, org, id) in [
        (ADAM, ACME, globexs),
        (ADAM, GLOBEX, globexs),
        (ADAM, GLOBEX, acmes),
        (ZOE, ACME, acmes),
        (PAT, ACME, acmes),
        (ADAM, ACME, InstanceId(uuid::Uuid::from_u128(7))),
    ] {
        assert_eq!(said(&see(&world.db, by, org, id).await), "not found: instance", "{by} {org} {id}");
    }
    let nothing = InstanceUpdate::default();
    assert_eq!(said(&update(&world.db, GARY, acmes, &nothing).await), "not found: instance");
    assert_eq!(said(&delete(&world.db, GARY, acmes).await), "not found: instance");
    assert_eq!(said(&see(&world.db, MIA, ACME, acmes).await), "ok");
}

// proves RES-4, PLN-1
#[tokio::test]
async fn dedicated_instances_want_a_plan_that_has_them() {
    let world = World::new().await;
    let refused = create(&world.db, ADAM, ACME, "Shop", true).await;
    assert_eq!(said(&refused), "forbidden instance.create by [limit.dedicated_instance]");
    assert_eq!(said(&create(&world.db, MARY, ACME, "Shop", false).await), "forbidden instance.create by []");
    world.sql(&format!("update organizations set plan = 'enterprise' where id = '{ACME}'")).await;
    assert!(create(&world.db, ADAM, ACME, "Shop", true).await.unwrap().is_dedicated);
    let taken = "invalid name: another instance of the organization has this name";
    assert_eq!(said(&create(&world.db, ADAM, ACME, "Shop", false).await), taken);
    assert_eq!(said(&create(&world.db, GARY, GLOBEX, "Shop", false).await), "ok");
}

// proves RES-4
#[tokio::test]
async fn instances_are_listed_changed_and_deleted() {
    let world = World::new().await;
    let shop = create(&world.db, ADAM, ACME, "Shop", false).await.unwrap().id;
    let desk = create(&world.db, ADAM, ACME, "Desk", false).await.unwrap().id;
    create(&world.db, GARY, GLOBEX, "Shop", false).await.unwrap();
    set(&world.db, OLGA, shop, Side::Technical, Say::Yes).await.unwrap();
    set(&world.db, OLGA, shop, Side::Economic, Say::Yes).await.unwrap();
    let all = InstanceFilter { operational: None, search: None, sort: InstanceSort::Name };
    let listed = async |filter: InstanceFilter| {
        let mut tx = world.db.begin(request()).await.unwrap();
        let allowed = tx.authorize::<action::List>(&person(MIA), ACME).await.unwrap();
        let page = instance::list(&mut tx, &allowed, &filter, Page::new(1, 20).unwrap()).await.unwrap();
        page.items.iter().map(|instance| (instance.id, missing(instance).len())).collect::<Vec<_>>()
    };
    assert_eq!(listed(all.clone()).await, [(desk, 2), (shop, 0)]);
    assert_eq!(listed(InstanceFilter { operational: Some(true), ..all.clone() }).await, [(shop, 0)]);
    assert_eq!(listed(InstanceFilter { search: Some("DES".into()), ..all.clone() }).await, [(desk, 2)]);
    let named = InstanceUpdate { name: Some("Counter".into()), description: Some(Some("Sells.".into())) };
    let changed = update(&world.db, ADAM, desk, &named).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.description.as_deref(), changed.version),
        ("Counter", Some("Sells."), 2)
    );
    assert_eq!(update(&world.db, ADAM, desk, &named).await.unwrap().version, 2);
    assert_eq!(said(&update(&world.db, MARY, desk, &named).await), "forbidden instance.update by []");
    assert_eq!(said(&delete(&world.db, MARY, desk).await), "forbidden instance.delete by []");
    assert_eq!(said(&delete(&world.db, ADAM, desk).await), "ok");
    assert_eq!(said(&delete(&world.db, ADAM, desk).await), "not found: instance");
    assert_eq!(listed(all).await, [(shop, 0)]);
    let chain = format!("select count(*) from audit where chain = '{ACME}' and action = 'instance.delete'");
    assert_eq!(world.sql(&chain).await, "1");
}
