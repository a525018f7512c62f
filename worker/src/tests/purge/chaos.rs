//! A purge that dies at every place where it can.

use std::collections::BTreeMap;

use harness::s3::Item;
use serde_json::Value;

use super::land::{Attempt, Land};

/// How many of each class a receipt tells.
fn told(receipt: &Value) -> BTreeMap<String, i64> {
    serde_json::from_value(receipt["counts"].clone()).unwrap()
}

/// Purges a fresh subject, dying at the `nth` place, and compares everything with how it was before there was one. Returns
/// whether it died.
async fn purge_and_compare(land: &Land, nth: usize, before: &(String, Vec<Item>)) -> bool {
    land.settle().await;
    let (rows, objects) = (land.rows().await, land.objects());
    let purge = land.ask().await;
    let died = matches!(land.attempt(purge, Some(nth)).await, Attempt::Died);
    if died {
        // A commit may have been the last thing that it did.
        let state = land.sql(&format!("select state from purges where id = '{purge}'")).await;
        if state != "done" {
            let end = land.attempt(purge, None).await;
            assert!(matches!(end, Attempt::Done), "dying at {nth}: {end:?}");
        }
    }
    let receipt = land.receipt(purge).await;
    let left = land.rows().await;
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
    assert_eq!(land.forget_the_rest().await, "t\nt\nerased@doorward.invalid|t\nadmin", "dying at {nth}");
    assert_eq!(land.everything().await, before.0, "dying at {nth}");
    assert_eq!(land.objects(), before.1, "dying at {nth}");
    let leftovers =
        "select (select count(*) from purge_intents), (select count(*) from audit where action = 'purge.run')
                     - (select count(*) from purges where state = 'done')";
    assert_eq!(land.sql(leftovers).await, "0|0", "dying at {nth}");
    died
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_purge_dies_it_is_carried_to_the_end_and_counts_everything_once() {
    // proves PRG-1, PRG-3, PRG-4
    let land = Land::new(40).await;
    let before = (land.everything().await, land.objects());
    let mut nth = 1;
    while purge_and_compare(&land, nth, &before).await {
        nth += 1;
    }
    assert!(nth > 100, "it could die at {nth} places only");
    let verified = land.world.db.verify_audit(|_| ()).await.unwrap();
    assert_eq!(verified.breaks, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_dies_again_and_again_comes_to_its_end() {
    // proves PRG-1
    let land = Land::new(7).await;
    land.settle().await;
    let purge = land.ask().await;
    // Far enough to get something done, and not far enough for a step.
    let mut deaths = 0;
    while matches!(land.attempt(purge, Some(23)).await, Attempt::Died) {
        deaths += 1;
    }
    assert!(deaths > 10, "it died {deaths} times only");
    assert_eq!(told(&land.receipt(purge).await)["resources"], 35);
}
