//! Lists are read lazily, however long they are.

use futures::StreamExt as _;
use harness::S3 as Server;

use crate::{bucket, prefix};

#[tokio::test]
async fn a_list_is_asked_for_one_page_at_a_time() {
    // proves PRG-1
    let server = Server::simulated("ours/", 1_000_000_000).unwrap();
    let store = bucket(&server, "simulated");
    let mut found = store.remains(&prefix("ours/"));
    for _ in 0..1000 {
        found.next().await.unwrap().unwrap();
    }
    assert_eq!(server.requests("ListObjectVersions"), 1);
    found.next().await.unwrap().unwrap();
    assert_eq!(server.requests("ListObjectVersions"), 2);
}

#[tokio::test]
async fn a_bucket_is_emptied_while_it_is_listed() {
    // proves PRG-1
    let server = Server::simulated("ours/", 10_500).unwrap();
    let store = bucket(&server, "simulated");
    let mut pages = store.remains(&prefix("ours/")).chunks(1000);
    while let Some(page) = pages.next().await {
        let page = page.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert!(store.erase(&page).await.iter().all(Result::is_ok));
    }
    assert_eq!(server.left(), 0);
    assert_eq!((server.requests("DeleteObjects"), server.requests("DeleteObject")), (11, 0));
}
