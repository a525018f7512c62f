//! Stores of others, by connections.

use std::time::Duration;

use harness::s3::State;
use serde_json::json;

use super::land::{Attempt, Land, id};
use crate::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What others have in the same bucket.
const OTHERS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_away_is_waited_for_until_the_deadline_and_then_the_credentials_go_anyway() {
    // proves PRG-2, PRG-5
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    land.other.faults().set_state(State::Down);
    let Attempt::Failed(Failure::Failed(why)) = land.attempt(purge, None).await else { panic!("it is down") };
    assert!(why.starts_with("connection "), "{why}");
    assert_eq!(land.sql("select step, (select count(*) from connections) from purges").await, "remote|1");
    land.clock.advance(4 * DAY);
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    let receipt = land.receipt(purge).await;
    assert_eq!(receipt["exceptions"].as_array().unwrap().len(), 1);
    assert_eq!(receipt["exceptions"][0]["step"], "remote");
    assert_eq!(receipt["exceptions"][0]["key"], json!(null));
    assert_eq!(receipt["counts"]["connections"], 1);
    assert_eq!(land.sql("select count(*) from connections").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_says_no_or_credentials_that_do_not_open_hold_nothing_up() {
    // proves PRG-2, PRG-5
    for broken in ["revoked", "unreadable", "unknown"] {
        let land = Land::new(40).await;
        land.settle().await;
        match broken {
            "revoked" => land.other.faults().revoke(),
            "unreadable" => drop(land.sql("update connections set sealed = sealed || '\\x00'").await),
            _ => {
                land.sql(
                    "alter table connections drop constraint connections_provider_check;
                     update connections set provider = 'gone'",
                )
                .await;
            }
        }
        let purge = land.ask().await;
        assert!(matches!(land.attempt(purge, None).await, Attempt::Done), "{broken}");
        let receipt = land.receipt(purge).await;
        assert_eq!(receipt["exceptions"].as_array().unwrap().len(), 1, "{broken}");
        assert_eq!(receipt["exceptions"][0]["key"], json!(null), "{broken}");
        assert_eq!(land.sql("select count(*) from connections").await, "0", "{broken}");
        assert_eq!(land.s3.items("versioned", &format!("workspaces/{}", id("w"))), [], "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_that_a_provider_denies_are_named_in_the_receipt_and_the_others_are_gone() {
    // proves PRG-2, PRG-4
    let land = Land::new(40).await;
    land.settle().await;
    let locked = format!("ours/workspaces/{}/documents/3", id("w"));
    land.other.faults().deny(&locked);
    let purge = land.ask().await;
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    let receipt = land.receipt(purge).await;
    assert_eq!(receipt["exceptions"].as_array().unwrap().len(), 1);
    assert_eq!(receipt["exceptions"][0]["key"], locked.trim_start_matches("ours/"));
    assert_eq!(receipt["verification"]["objects_left"], 1);
    assert_eq!(land.other.items("versioned", "").len(), OTHERS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credentials_stay_until_no_upload_can_arrive_any_more() {
    // proves PRG-1
    let land = Land::new(40).await;
    land.settle().await;
    let purge = land.ask().await;
    land.sql("update purges set uploads_until = uploads_until + interval '15 minutes'").await;
    let Attempt::Failed(Failure::Postponed { after, .. }) = land.attempt(purge, None).await else {
        panic!("uploads can still arrive")
    };
    assert_eq!(land.sql("select step, (select count(*) from connections) from purges").await, "remote|1");
    land.other.put("versioned", &format!("ours/workspaces/{}/documents/late", id("w")), "late");
    land.clock.advance(after);
    assert!(matches!(land.attempt(purge, None).await, Attempt::Done));
    assert_eq!(land.other.items("versioned", "").len(), OTHERS);
}
