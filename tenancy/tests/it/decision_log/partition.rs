use std::time::Duration;

use tenancy::Caller;
use tenancy::decision_log::Filter;

use super::{all, answer, denied, logging, rows, settings};
use crate::support::{World, race, shipped_policies, time};

const PARTITIONS: &str = "select string_agg(c.relname, ' ' order by c.relname) from pg_inherits i
    join pg_class c on c.oid = i.inhrelid where i.inhparent = 'decisions'::regclass";

#[tokio::test]
async fn a_batch_over_midnight_makes_a_partition_for_each_day() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    world.clock.set(time("2026-12-31T23:59:59.999Z"));
    let before = answer(&db, &Caller::Operator, denied()).await.id;
    world.clock.advance(Duration::from_millis(1));
    let after = answer(&db, &Caller::Operator, denied()).await.id;
    assert_eq!(writer.flush().await.unwrap(), 2);
    assert_eq!(world.sql(PARTITIONS).await, "decisions_20261231 decisions_20270101");
    for (day, id) in [("20261231", before), ("20270101", after)] {
        assert_eq!(world.sql(&format!("select id from decisions_{day}")).await, id.to_string());
    }
    let found: Vec<_> = all(&db, &Filter::default()).await.iter().map(|logged| logged.id).collect();
    assert_eq!(found, [after, before]);
}

#[tokio::test]
async fn days_are_forgotten_when_all_of_them_is_older_than_the_retention() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    for day in 1..=3 {
        world.clock.set(time(&format!("2026-11-0{day}T12:00:00Z")));
        answer(&db, &Caller::Operator, denied()).await;
    }
    writer.flush().await.unwrap();
    world.clock.set(time("2026-12-02T23:59:59Z"));
    assert_eq!(writer.forget().await.unwrap(), 1, "the 1st; some of the 2nd is younger than 30 days");
    assert_eq!(world.sql(PARTITIONS).await, "decisions_20261102 decisions_20261103");
    assert_eq!(writer.forget().await.unwrap(), 0);
    world.clock.set(time("2027-12-02T00:00:00Z"));
    assert_eq!(writer.forget().await.unwrap(), 2);
    assert_eq!(rows(&world).await, 0);
    // What comes late still finds a place.
    world.clock.set(time("2026-11-03T12:00:00Z"));
    answer(&db, &Caller::Operator, denied()).await;
    assert_eq!(writer.flush().await.unwrap(), 1);
}

#[tokio::test]
async fn a_partition_that_another_replica_dropped_is_made_again() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    answer(&db, &Caller::Operator, denied()).await;
    writer.flush().await.unwrap();
    world.sql("drop table decisions_20261121").await;
    answer(&db, &Caller::Operator, denied()).await;
    writer.flush().await.expect_err("no partition");
    assert_eq!(writer.flush().await.unwrap(), 1);
}

#[tokio::test]
async fn replicas_that_need_the_same_partition_make_it_once() {
    // proves PDP-7
    let world = World::new().await;
    let mut replicas = vec![];
    for _ in 0..6 {
        replicas.push(world.connect(2, &shipped_policies()).await);
    }
    for day in 1..=9 {
        world.clock.set(time(&format!("2027-03-0{day}T12:00:00Z")));
        let outcomes = race(6, |replica| {
            let (db, mut writer) = logging(&replicas[replica], settings());
            async move {
                answer(&db, &Caller::Operator, denied()).await;
                let written = writer.flush().await.map_err(|error| error.to_string());
                (written, writer.forget().await.map_err(|error| error.to_string()))
            }
        })
        .await;
        assert_eq!(outcomes, [const { (Ok(1), Ok(0)) }; 6]);
    }
    assert_eq!(rows(&world).await, 54);

    world.clock.set(time("2028-01-01T00:00:00Z"));
    let outcomes = race(6, |replica| {
        let (_, mut writer) = logging(&replicas[replica], settings());
        async move { writer.forget().await.map_err(|error| error.to_string()) }
    })
    .await;
    let dropped: i32 = outcomes.into_iter().map(|outcome| outcome.unwrap()).sum();
    assert_eq!(dropped, 9, "each day by one of them");
    assert_eq!(world.sql(PARTITIONS).await, "");
}
