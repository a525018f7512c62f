//! Purges that nobody carries on.

use tenancy::{Caller, Platform, platform, purge};
use uuid::Uuid;

use super::memory::asked;
use crate::support::{ACME, GLOBEX, World, ZOE, request};

async fn sweep(world: &World) -> usize {
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<platform::SweepPurges>(&Caller::Worker, Platform).await.unwrap();
    let started = purge::sweep(&mut tx, &allowed, 100).await.unwrap();
    tx.commit().await.unwrap();
    started
}

const JOBS: &str =
    "select count(*), count(distinct unique_key) from jobs where kind = 'purge.run' and state = 'pending'";

#[tokio::test]
async fn the_sweep_starts_what_is_due_and_what_stands_still_and_nothing_else() {
    // proves PRG-1
    let world = World::new().await;
    for (kind, id) in [("user", ZOE.0), ("organization", ACME.0), ("organization", GLOBEX.0)] {
        asked(&world, kind, id).await;
    }
    let purge = |id: Uuid| format!("select id from purges where subject_id = '{id}'");
    // One waits, one is due, one runs and has lost its job.
    let waits = world.sql(&purge(ZOE.0)).await;
    world
        .sql(&format!(
            "update purges set state = 'waiting', due_at = due_at + interval '1 day' where id = '{waits}'"
        ))
        .await;
    let due = world.sql(&purge(ACME.0)).await;
    world.sql(&format!("update purges set state = 'waiting' where id = '{due}'")).await;
    assert_eq!(sweep(&world).await, 2);
    assert_eq!(world.sql(JOBS).await, "2|2");
    assert_eq!(sweep(&world).await, 0, "they have their jobs");
    world.sql("update jobs set state = 'dead', finished_at = now()").await;
    assert_eq!(sweep(&world).await, 2, "a job that died does not end a purge");
    world.clock.advance(std::time::Duration::from_secs(25 * 3600));
    assert_eq!(sweep(&world).await, 1);
    world.sql("update purges set state = 'cancelled', finished_at = now(); delete from jobs").await;
    assert_eq!(sweep(&world).await, 0);
}
