use tenancy::queue::{self, Ending, Fate};

use super::{MINUTE, enqueue, take, taken, world};
use crate::support::race;

fn failed(error: &str) -> Ending {
    Ending::Failed { error: error.into(), after: MINUTE }
}

#[tokio::test]
async fn a_failed_job_waits_and_is_dead_after_its_last_attempt() {
    // proves JOB-2
    let world = world().await;
    enqueue(&world.db, None).await.expect("a new job");
    for (attempt, fate) in [(1, Fate::Waits), (2, Fate::Waits), (3, Fate::Dead)] {
        world.sql("update jobs set run_at = now()").await;
        let claim = take(&world.db, "w1").await.expect("a claim");
        assert_eq!(claim.attempt, attempt);
        let ending = failed(&format!("error {attempt}"));
        assert_eq!(queue::end(&world.db, &claim, &ending).await.expect("an answer"), fate);
        if fate == Fate::Waits {
            assert!(take(&world.db, "w1").await.is_none(), "not before its time");
            let waits =
                "select state, run_at > now() + interval '50 seconds', relayed_at, lease_token from jobs";
            assert_eq!(world.sql(waits).await, "pending|t||");
        }
    }
    assert_eq!(
        world.sql("select state, last_error, finished_at is not null from jobs").await,
        "dead|error 3|t"
    );
    assert_eq!(
        world.sql("select attempt, worker, error from job_failures order by attempt").await,
        "1|w1|error 1\n2|w1|error 2\n3|w1|error 3"
    );
}

#[tokio::test]
async fn a_hopeless_job_is_dead_at_once() {
    // proves JOB-2
    let world = world().await;
    let claim = taken(&world.db).await;
    let ending = Ending::Hopeless { error: "refused for good".into() };
    assert_eq!(queue::end(&world.db, &claim, &ending).await.expect("an answer"), Fate::Dead);
    assert_eq!(world.sql("select state, attempt, last_error from jobs").await, "dead|1|refused for good");
    assert_eq!(world.sql("select count(*) from job_failures").await, "1");
}

#[tokio::test]
async fn what_is_postponed_or_handed_back_was_no_attempt() {
    // proves JOB-6
    let world = world().await;
    let claim = taken(&world.db).await;
    let ending = Ending::Postponed { why: "too many mails".into(), after: MINUTE };
    assert_eq!(queue::end(&world.db, &claim, &ending).await.expect("an answer"), Fate::Waits);
    let state = "select state, attempt, last_error, run_at > now() + interval '50 seconds' from jobs";
    assert_eq!(world.sql(state).await, "pending|0|too many mails|t");
    world.sql("update jobs set run_at = now()").await;
    let claim = take(&world.db, "w1").await.expect("a claim");
    assert_eq!(claim.attempt, 1);
    assert_eq!(queue::end(&world.db, &claim, &Ending::HandedBack).await.expect("an answer"), Fate::Waits);
    let again = take(&world.db, "w2").await.expect("at once");
    assert_eq!(again.attempt, 1);
    assert_eq!(world.sql("select count(*) from job_failures").await, "0");
}

#[tokio::test]
async fn no_further_attempt_is_made_after_the_lifetime() {
    // proves JOB-2
    let world = world().await;
    let claim = taken(&world.db).await;
    world.sql("update jobs set due_since = now() - interval '59 minutes 30 seconds'").await;
    assert_eq!(queue::end(&world.db, &claim, &failed("late")).await.expect("an answer"), Fate::Dead);
    assert_eq!(world.sql("select state, attempt from jobs").await, "dead|1");
}

#[tokio::test]
async fn a_job_gives_way_to_an_equal_one_that_was_enqueued_while_it_ran() {
    // proves JOB-2
    let world = world().await;
    enqueue(&world.db, Some("olga")).await.expect("a new job");
    let claim = take(&world.db, "w1").await.expect("a claim");
    enqueue(&world.db, Some("olga")).await.expect("the running one may have read too early");
    assert_eq!(queue::end(&world.db, &claim, &failed("no")).await.expect("an answer"), Fate::Superseded);
    assert_eq!(
        world.sql("select state, count(*) from jobs group by 1 order by 1").await,
        "cancelled|1\npending|1"
    );
}

#[tokio::test]
async fn failing_and_enqueueing_an_equal_job_at_once_leaves_one_that_waits() {
    // proves JOB-2
    let world = world().await;
    for round in 0..20 {
        let key = format!("round {round}");
        enqueue(&world.db, Some(&key)).await.expect("a new job");
        let claim = take(&world.db, "w1").await.expect("a claim");
        race(2, |n| {
            let (db, claim, key) = (world.db.clone(), claim.clone(), key.clone());
            async move {
                if n == 0 {
                    queue::end(&db, &claim, &failed("no")).await.expect("an answer");
                } else {
                    enqueue(&db, Some(&key)).await;
                }
            }
        })
        .await;
        let waiting = format!("select count(*) from jobs where unique_key = '{key}' and state = 'pending'");
        assert_eq!(world.sql(&waiting).await, "1");
        world.sql("update jobs set run_at = now() + interval '1 day' where state = 'pending'").await;
    }
}
