use tenancy::Visibility;

use super::{create, set_default};
use crate::support::{ACME_DEFAULT, ACME_OPEN, ADAM, GARY, GLOBEX, OLGA, World, race, said};

#[tokio::test]
async fn of_many_who_make_the_last_workspace_of_a_plan_one_does() {
    // proves WSP-1, PLN-1
    let world = World::new().await;
    // The plan allows three, and there is one.
    create(&world.db, GARY, GLOBEX, "second", Visibility::Org).await.unwrap();
    for round in 0..5 {
        let said_to_all = race(8, |number| {
            let db = world.db.clone();
            let name = format!("third {number}");
            async move { said(&create(&db, GARY, GLOBEX, &name, Visibility::Private).await) }
        })
        .await;
        let (made, refused): (Vec<_>, Vec<_>) = said_to_all.iter().partition(|said| *said == "ok");
        assert_eq!(made.len(), 1, "round {round}: {said_to_all:?}");
        assert!(refused.iter().all(|said| *said == "limit: 3 of 3 workspaces on starter"), "{refused:?}");
        let of_globex = format!("select count(*) from workspaces where org_id = '{GLOBEX}'");
        assert_eq!(world.sql(&of_globex).await, "3");
        world.sql("delete from workspaces where name like 'third%'").await;
    }
}

#[tokio::test]
async fn of_many_who_give_a_workspace_one_name_one_does() {
    // proves WSP-1
    let world = World::new().await;
    let said_to_all = race(6, |_| {
        let db = world.db.clone();
        async move { said(&create(&db, GARY, GLOBEX, "Same", Visibility::Org).await) }
    })
    .await;
    assert_eq!(said_to_all.iter().filter(|said| *said == "ok").count(), 1, "{said_to_all:?}");
    let taken = "conflict name_taken: another workspace of the organization has this name";
    assert_eq!(said_to_all.iter().filter(|said| *said == taken).count(), 5, "{said_to_all:?}");
}

#[tokio::test]
async fn of_two_who_each_set_a_default_one_is_it_in_the_end() {
    // proves WSP-3
    let world = World::new().await;
    for _ in 0..10 {
        let said_to_both = race(2, |turn| {
            let db = world.db.clone();
            let (by, id) = if turn == 0 { (OLGA, ACME_OPEN) } else { (ADAM, ACME_DEFAULT) };
            async move { said(&set_default(&db, by, id).await) }
        })
        .await;
        assert_eq!(said_to_both, ["ok", "ok"]);
        let defaults = "select count(*) from workspaces w join organizations o on o.id = w.org_id
                        where o.slug = 'acme' and is_default";
        assert_eq!(world.sql(defaults).await, "1");
    }
}
