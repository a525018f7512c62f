//! Background work asked for by a transaction.

use serde::{Deserialize, Serialize};
use tenancy::{Job, Tenant};

use crate::support::{ACME, ACME_OPEN, OLGA, World, race, request};

#[derive(Serialize, Deserialize)]
struct Greet {
    name: String,
    key: Option<String>,
}

impl Job for Greet {
    const KIND: &'static str = "greet";

    fn unique_key(&self) -> Option<String> {
        self.key.clone()
    }

    fn tenant(&self) -> Tenant {
        Tenant { user: Some(OLGA), org: Some(ACME), workspace: Some(ACME_OPEN) }
    }
}

fn greet(key: Option<&str>) -> Greet {
    Greet { name: "Olga".into(), key: key.map(str::to_owned) }
}

#[tokio::test]
async fn a_job_is_committed_with_the_change_that_asks_for_it() {
    // proves JOB-1
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let id = tx.enqueue(&greet(None)).await.expect("enqueued").expect("a new job");
    assert_eq!(world.sql("select count(*) from jobs").await, "0", "not before the commit");
    tx.commit().await.expect("committed");
    assert_eq!(
        world
            .sql("select id, kind, state, user_id, org_id, workspace_id, payload ->> 'name', run_at = created_at from jobs")
            .await,
        format!("{id}|greet|pending|{OLGA}|{ACME}|{ACME_OPEN}|Olga|t")
    );
}

#[tokio::test]
async fn a_job_is_rolled_back_with_the_change_that_asks_for_it() {
    // proves JOB-1
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    tx.enqueue(&greet(None)).await.expect("enqueued");
    drop(tx);
    assert_eq!(world.sql("select count(*) from jobs").await, "0");
}

#[tokio::test]
async fn eight_that_ask_for_the_same_job_at_once_make_one() {
    // proves JOB-2
    let world = World::new().await;
    let outcomes = race(8, |_| {
        let db = world.db.clone();
        async move {
            let mut tx = db.begin(request()).await.expect("a transaction");
            let made = tx.enqueue(&greet(Some("olga"))).await.expect("an answer");
            tx.commit().await.expect("committed");
            made
        }
    })
    .await;
    assert_eq!(outcomes.iter().flatten().count(), 1, "{outcomes:?}");
    assert_eq!(world.sql("select count(*) from jobs").await, "1");
}

#[tokio::test]
async fn only_a_waiting_job_of_the_same_kind_and_key_is_the_same() {
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    for (key, is_new) in
        [(Some("a"), true), (Some("a"), false), (Some("b"), true), (None, true), (None, true)]
    {
        assert_eq!(tx.enqueue(&greet(key)).await.expect("an answer").is_some(), is_new, "{key:?}");
    }
    tx.commit().await.expect("committed");
    assert_eq!(world.sql("select count(*) from jobs").await, "4");
}

#[tokio::test]
async fn a_job_that_was_rolled_back_does_not_stand_in_for_a_later_one() {
    let world = World::new().await;
    let mut first = world.db.begin(request()).await.expect("a transaction");
    first.enqueue(&greet(Some("a"))).await.expect("enqueued");
    let db = world.db.clone();
    let second = tokio::spawn(async move {
        let mut tx = db.begin(request()).await.expect("a transaction");
        let made = tx.enqueue(&greet(Some("a"))).await.expect("an answer");
        tx.commit().await.expect("committed");
        made
    });
    // Until the second one waits for the first one's row.
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    while world.sql(waiting).await == "0" {
        tokio::task::yield_now().await;
    }
    drop(first);
    assert!(second.await.expect("it ends").is_some());
    assert_eq!(world.sql("select count(*) from jobs").await, "1");
}

#[tokio::test]
async fn a_job_that_stands_for_another_begins_only_after_the_change_that_asked_for_that() {
    // proves JOB-1
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let first = tx.enqueue(&greet(Some("a"))).await.expect("enqueued").expect("a new job");
    tx.commit().await.expect("committed");
    let mut second = world.db.begin(request()).await.expect("a transaction");
    assert_eq!(second.enqueue(&greet(Some("a"))).await.expect("an answer"), None);
    let db = world.db.clone();
    let claimed = tokio::spawn(async move {
        let wake = tenancy::queue::Wake { job: first, epoch: 1 };
        tenancy::queue::claim(&db, wake, &["greet"], "w1", std::time::Duration::from_secs(30)).await
    });
    // It waits, so that whoever does the job sees what the second transaction changed.
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    while world.sql(waiting).await == "0" {
        assert!(!claimed.is_finished(), "it began too early");
        tokio::task::yield_now().await;
    }
    second.commit().await.expect("committed");
    assert!(claimed.await.expect("it ends").expect("an answer").is_some());
}
