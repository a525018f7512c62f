use std::time::Duration;

use harness::Redis;
use tokio::task::spawn_blocking;

use super::{Act, SECOND, TRIES, World};

const UNDONE: &str = "select count(*) from jobs where kind = 'try' and state <> 'done'";

async fn world() -> (World, Redis) {
    let redis = spawn_blocking(Redis::start).await.unwrap().expect("a Redis");
    let mut world = World::new().await;
    world.redis_url = Some(redis.url().into());
    (world, redis)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_one_redis_do_each_job_once() {
    // proves JOB-1
    let (world, _redis) = world().await;
    let one = world.start(TRIES).await;
    let two = world.start(TRIES).await;
    for _ in 0..100 {
        world.enqueue(Act::Take(1)).await;
    }
    world.until(UNDONE, "0").await;
    assert_eq!(
        world.sql("select count(*), count(distinct payload) from jobs where kind = 'effect'").await,
        "100|100"
    );
    assert_eq!(
        world.sql("select count(distinct split_part(worker, '-', -1)) from jobs where kind = 'try'").await,
        "2"
    );
    for (shutdown, running) in [one, two] {
        shutdown.begin();
        running.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_a_redis_has_forgotten_are_done_all_the_same_and_at_once() {
    // proves JOB-1
    let (mut world, mut redis) = world().await;
    // Hints count as lost after an hour: that they come again is due to Redis being found empty.
    world.lease = Duration::from_secs(3600);
    let (shutdown, running) = world.start(TRIES).await;
    world.enqueue(Act::Succeed).await;
    world.until(UNDONE, "0").await;
    // Handed over, and lost before anybody took it.
    world.sql("update job_kinds set paused_at = now()").await;
    for _ in 0..20 {
        world.enqueue(Act::Succeed).await;
    }
    world.sql("update jobs set relayed_at = now() where state = 'pending' and kind = 'try'").await;
    let redis = spawn_blocking(move || {
        redis.restart_empty().expect("a restart");
        redis
    })
    .await
    .unwrap();
    world.sql("update job_kinds set paused_at = null").await;
    world.until(UNDONE, "0").await;
    shutdown.begin();
    running.await.unwrap();
    drop(redis);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_enqueued_while_redis_is_away_is_done_when_it_is_back() {
    // proves JOB-1
    let (mut world, mut redis) = world().await;
    world.lease = SECOND * 3;
    let (shutdown, running) = world.start(TRIES).await;
    world.enqueue(Act::Succeed).await;
    world.until(UNDONE, "0").await;
    let mut redis = spawn_blocking(move || {
        redis.kill().expect("killed");
        redis
    })
    .await
    .unwrap();
    for _ in 0..20 {
        world.enqueue(Act::Succeed).await;
    }
    let redis = spawn_blocking(move || {
        redis.restart_empty().expect("a restart");
        redis
    })
    .await
    .unwrap();
    world.until(UNDONE, "0").await;
    shutdown.begin();
    running.await.unwrap();
    drop(redis);
}
