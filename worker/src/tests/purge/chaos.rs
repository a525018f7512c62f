//! A purge that dies at every place where it can.

use std::collections::BTreeMap;

use harness::s3::Item;
use serde_json::Value;

use super::aftermath::Aftermath;
use super::land::{Attempt, Land};

/// How many of each class a receipt tells.
fn told(receipt: &Value) -> BTreeMap<String, i64> {
    serde_json::from_value(receipt["counts"].clone()).unwrap()
}

/// Purges a fresh subject, dying at the `nth` place, and compares everything with how it was before there was one. Returns
/// whether it died.
async fn purge_and_compare(land: &Land, nth: usize, before: &(String, Vec<Item>)) -> bool {
    land.settle().await;
    let (rows, purge) = land.ask_counted().await;
    let objects = land.objects();
    let died = matches!(land.attempt(purge, Some(nth)).await, Attempt::Died);
    if died {
        // A commit may have been the last thing that it did.
        let state = land.sql(&format!("select state from purges where id = '{purge}'")).await;
        if state != "done" {
            let end = land.attempt(purge, None).await;
            assert!(matches!(end, Attempt::Done), "dying at {nth}: {end:?}");
        }
    }
    let Aftermath { receipt, rows: left, kept, everything, leftovers } = land.aftermath(purge).await;
    let mut truth: BTreeMap<String, i64> = rows
        .iter()
        .map(|(table, count)| (table.clone(), count - left[table]))
        .filter(|(_, gone)| *gone > 0)
        .collect();
    truth.insert("jobs".into(), 4);
    let uploads = |items: &[Item]| items.iter().filter(|item| matches!(item, Item::Upload { .. })).count();
    let gone = objects.len() - before.1.len();
    let begun = uploads(&objects) - uploads(&before.1);
    truth.insert("uploads".into(), i64::try_from(begun).unwrap());
    truth.insert("versions".into(), i64::try_from(gone - begun).unwrap());
    assert_eq!(told(&receipt), truth, "dying at {nth}");
    assert_eq!(receipt["exceptions"], serde_json::json!([]), "dying at {nth}");
    assert_eq!(receipt["verification"]["rows_left"], 0, "dying at {nth}");
    assert_eq!(receipt["verification"]["objects_left"], 0, "dying at {nth}");
    assert_eq!(kept, "t\nt\nerased@doorward.invalid|t\nadmin", "dying at {nth}");
    assert_eq!(everything, before.0, "dying at {nth}");
    assert_eq!(land.objects(), before.1, "dying at {nth}");
    assert_eq!(leftovers, "0|0", "dying at {nth}");
    died
}

/// Lets purges die at every second place from this one on, until there is none. Returns how many there were.
async fn die_everywhere(first: usize) -> usize {
    let land = Land::new(40).await;
    let before = (land.everything().await, land.objects());
    let mut nth = first;
    while purge_and_compare(&land, nth, &before).await {
        nth += 2;
    }
    let verified = land.world.db.verify_audit(|_| ()).await.unwrap();
    assert_eq!(verified.breaks, []);
    nth / 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_purge_was_about_to_do_when_it_died_is_done_and_counted() {
    // proves PRG-1, PRG-3, PRG-4
    let places = die_everywhere(1).await;
    assert!(places > 100, "it could die at {places} places only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_purge_had_done_when_it_died_is_not_counted_again() {
    // proves PRG-1, PRG-3, PRG-4
    let places = die_everywhere(2).await;
    assert!(places > 100, "it could die at {places} places only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_dies_again_and_again_comes_to_its_end() {
    // proves PRG-1
    let land = Land::new(7).await;
    land.settle().await;
    let purge = land.ask().await;
    // Each time a little farther, and never far enough for all of it.
    let mut deaths = 0;
    while matches!(land.attempt(purge, Some(23 + 4 * deaths)).await, Attempt::Died) {
        deaths += 1;
    }
    assert!(deaths > 10, "it died {deaths} times only");
    assert_eq!(told(&land.receipt(purge).await)["resources"], 35);
}
