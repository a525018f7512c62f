//! Stores and workers that are in trouble.

use std::time::Duration;

use harness::s3::{Fault, State};
use serde_json::json;
use tenancy::PurgeId;
use uuid::Uuid;

use super::land::{Attempt, Land, id};
use crate::failure::Failure;

/// What others have in both stores.
const OTHERS: usize = 8;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_objects_are_counted_exactly_although_answers_get_lost() {
    // proves PRG-1, PRG-4
    let land = Land::new(1_000).await;
    land.settle().await;
    let before = land.objects().len();
    for n in 0..2_500 {
        land.s3.put("versioned", &format!("workspaces/{}/many/{n}", id("w")), "much");
    }
    let others = OTHERS;
    land.s3.faults().lose_every(3);
    let purge = land.ask().await;
    let mut tries = 0;
    while !matches!(land.attempt(purge, None).await, Attempt::Done) {
        tries += 1;
        assert!(tries < 100, "it does not come to an end");
    }
    let receipt = land.receipt(purge).await;
    assert_eq!(receipt["counts"]["uploads"], 2);
    assert_eq!(receipt["counts"]["versions"], before - 2 - others + 2_500);
    assert_eq!(land.objects().len(), others);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_store_is_waited_for_until_the_deadline_and_the_receipt_tells_what_is_left() {
    // proves PRG-2, PRG-5
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    land.s3.faults().set_state(State::Down);
    let Attempt::Failed(Failure::Failed(why)) = land.attempt(purge, None).await else { panic!("it is down") };
    assert!(why.starts_with("the store of the installation: "), "{why}");
    assert_eq!(land.sql("select step from purges").await, "objects");
    land.clock.advance(4 * DAY);
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    let receipt = land.receipt(purge).await;
    let told: Vec<_> =
        receipt["exceptions"].as_array().unwrap().iter().map(|one| one["step"].clone()).collect();
    assert_eq!(told, [json!("verify")], "told once, for the last time that it was tried");
    assert_eq!(
        land.sql("select count(*) from users where id = :'u'").await,
        "0",
        "the rows are gone all the same"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_after_the_rows_are_gone_is_erased_too() {
    // proves PRG-1
    let land = Land::new(40).await;
    land.settle().await;
    // With a connection it would wait before anything else: the way there has to stay open.
    land.sql("update documents set connection_id = null; delete from connections").await;
    let purge = land.ask().await;
    land.sql("update purges set uploads_until = uploads_until + interval '15 minutes'").await;
    let Attempt::Failed(Failure::Postponed { why, after }) = land.attempt(purge, None).await else {
        panic!("uploads can still arrive")
    };
    assert_eq!(why, "uploads that were allowed before can still arrive");
    assert_eq!(after, Duration::from_secs(16 * 60), "with a minute for clocks that differ");
    assert_eq!(
        land.sql("select (select count(*) from users where id = :'u'), step from purges").await,
        "0|verify"
    );
    land.s3.put("versioned", &format!("workspaces/{}/documents/late", id("w")), "late");
    land.clock.advance(after);
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    assert_eq!(land.receipt(purge).await["verification"]["stragglers"], 1);
    assert_eq!(land.s3.items("versioned", &format!("workspaces/{}", id("w"))), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_job_writes_nothing_any_more() {
    // proves PRG-1
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    let lost = land.claim(purge).await;
    land.sql("update jobs set state = 'cancelled', lease_token = null, lease_until = null, finished_at = now() where state = 'running'")
        .await;
    let before = land.sql("select to_jsonb(p) from purges p; select count(*) from users").await;
    let Attempt::Failed(Failure::Failed(why)) = land.run(purge, &lost, None).await else {
        panic!("it is lost")
    };
    assert_eq!(why, "somebody else carries it on");
    assert_eq!(land.sql("select to_jsonb(p) from purges p; select count(*) from users").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_that_both_think_the_purge_is_theirs_count_everything_once() {
    // proves PRG-4
    let land = Land::new(3).await;
    land.settle().await;
    let objects = land.objects().len();
    let purge = land.ask().await;
    let (one, two) = (land.claim(purge).await, land.claim(purge).await);
    let (first, second) = tokio::join!(land.run(purge, &one, None), land.run(purge, &two, None));
    for attempt in [first, second] {
        // One can get into the other's way, and is tried again.
        if !matches!(attempt, Attempt::Done) && land.sql("select state from purges").await != "done" {
            assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
        }
    }
    let receipt = land.receipt(purge).await;
    assert_eq!(receipt["counts"]["versions"], objects - OTHERS - 2);
    assert_eq!(receipt["counts"]["resources"], 35);
    assert_eq!(land.sql("select count(*) from audit where action = 'purge.run'").await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_waits_for_an_older_one_of_the_same_workspace_and_each_counts_its_own() {
    // proves PRG-4
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    let older = PurgeId(Uuid::from_u128(7));
    land.sql(&format!(
        "insert into purges (id, subject, subject_id, org_id, state, requested_at, due_at, deadline_at, uploads_until, token_hash)
         select '{older}'::uuid, 'workspace', :'ow'::uuid, :'o'::uuid, 'running', requested_at - interval '1 minute',
                due_at, deadline_at, requested_at - interval '1 minute', 'older'::bytea from purges;
         insert into purge_targets values ('{older}', 'workspace', :'ow')"
    ))
    .await;
    let Attempt::Failed(Failure::Postponed { why, .. }) = land.attempt(purge, None).await else {
        panic!("an older one runs")
    };
    assert_eq!(why, "an older one erases some of the same");
    let attempt = land.attempt(older, None).await;
    assert!(matches!(attempt, Attempt::Done), "it waits for none that is younger: {attempt:?}");
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    let (first, second) = (land.receipt(older).await, land.receipt(purge).await);
    for (class, of_the_older, of_the_younger) in
        [("resources", 5, 30), ("documents", 2, 3), ("workspaces", 1, 1)]
    {
        assert_eq!(first["counts"][class], of_the_older, "{class}");
        assert_eq!(second["counts"][class], of_the_younger, "{class}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_our_store_denies_is_tried_again_while_there_is_time_and_the_rest_goes_at_once() {
    // proves PRG-2, PRG-4
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    let locked = format!("workspaces/{}/documents/3", id("w"));
    land.s3.faults().deny(&locked);
    assert!(matches!(land.attempt(purge, None).await, Attempt::Failed(Failure::Failed(_))));
    assert_eq!(land.s3.items("versioned", &format!("workspaces/{}", id("w"))).len(), 1);
    land.s3.faults().mend();
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    assert_eq!(land.receipt(purge).await["exceptions"], json!([]));
    assert_eq!(land.objects().len(), OTHERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_no_empty_store() {
    // proves PRG-2
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    for operation in ["ListObjectVersions", "ListMultipartUploads", "ListObjectsV2"] {
        land.s3.faults().on(operation, Fault::Answer(200, "<html>all is well</html>".into()));
    }
    assert!(matches!(land.attempt(purge, None).await, Attempt::Failed(Failure::Failed(_))));
    land.s3.faults().mend();
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    assert_eq!(land.objects().len(), OTHERS);
}
