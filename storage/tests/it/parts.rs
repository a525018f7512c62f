//! Uploads whose parts somebody else sends.

use std::time::Duration;

use chrono::Utc;
use harness::S3 as Server;
use harness::s3::Fault;
use storage::{Error, Part, Remains, Store, UploadId};

use crate::presigned::send;
use crate::{bucket, content, key, remains};

const HOUR: Duration = Duration::from_secs(3600);

async fn send_part(store: &Store, upload: &UploadId, number: u16, size: usize) -> Part {
    let presigned = store.presign_part(&key("a/b"), upload, number, size as u64, HOUR, Utc::now()).unwrap();
    let answer = send(&presigned, content(size)).await;
    assert_eq!(answer.status(), 200);
    Part { number, etag: answer.headers()["etag"].to_str().unwrap().to_owned() }
}

#[tokio::test]
async fn an_object_is_made_of_parts_in_the_order_of_their_numbers() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "versioned");
    let upload = store.begin_parts(&key("a/b"), "video/mp4").await.unwrap().unwrap();
    let second = send_part(&store, &upload, 2, 10).await;
    let first = send_part(&store, &upload, 1, 5 * 1024 * 1024).await;
    let longer = store.presign_part(&key("a/b"), &upload, 3, 10, HOUR, Utc::now()).unwrap();
    assert_eq!(send(&longer, content(11)).await.status(), 403, "another size");
    assert_eq!(store.head(&key("a/b")).await, Ok(None));
    store.complete_parts(&key("a/b"), &upload, &[second.clone(), first.clone()]).await.unwrap();
    let head = store.head(&key("a/b")).await.unwrap().unwrap();
    assert_eq!((head.size, head.content_type.as_deref()), (5 * 1024 * 1024 + 10, Some("video/mp4")));
    assert_eq!(head.sha256, None);
    let bytes = server.content("versioned", "a/b").unwrap();
    assert_eq!(bytes.slice(5 * 1024 * 1024..), content(10));

    // There is nothing left to complete, and nothing to abort, which is no error.
    let again = store.complete_parts(&key("a/b"), &upload, &[first]).await;
    assert_eq!(again, Err(Error::NotFound));
    store.abort_parts(&key("a/b"), &upload).await.unwrap();
    assert_eq!(remains(&store, "a/").await.len(), 1);
}

#[tokio::test]
async fn an_upload_that_is_aborted_leaves_nothing() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let upload = store.begin_parts(&key("a/b"), "video/mp4").await.unwrap().unwrap();
    send_part(&store, &upload, 1, 10).await;
    let listed = [Remains::Upload { key: "a/b".to_owned(), upload: upload.clone() }];
    assert_eq!(remains(&store, "a/").await, listed);
    store.abort_parts(&key("a/b"), &upload).await.unwrap();
    assert_eq!(remains(&store, "a/").await, []);
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused_for_good() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let upload = store.begin_parts(&key("a/b"), "video/mp4").await.unwrap().unwrap();
    let first = send_part(&store, &upload, 1, 10).await;
    let second = send_part(&store, &upload, 2, 10).await;
    let missing = Part { number: 3, etag: first.etag.clone() };
    let changed = Part { number: 1, etag: "\"0123\"".to_owned() };
    for parts in [vec![], vec![missing], vec![changed], vec![first, second]] {
        let refused = store.complete_parts(&key("a/b"), &upload, &parts).await;
        assert!(matches!(&refused, Err(error @ Error::Refused(_)) if error.is_for_good()), "{refused:?}");
    }
}

#[tokio::test]
async fn an_error_under_the_status_of_success_is_an_error() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let upload = store.begin_parts(&key("a/b"), "video/mp4").await.unwrap().unwrap();
    let part = send_part(&store, &upload, 1, 10).await;
    let told = |code: &str| {
        let text = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>");
        Fault::Answer(200, text)
    };
    server.faults().on("CompleteMultipartUpload", told("InternalError"));
    let failed = store.complete_parts(&key("a/b"), &upload, &[part.clone()]).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    let failed = store.put(&key("a/c"), "text/plain", crate::body(content(9 * 1024 * 1024))).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    assert_eq!(remains(&store, "a/").await.len(), 1, "only the other upload is left");
    server.faults().mend();
    server.faults().on("CompleteMultipartUpload", told("AccessDenied"));
    let failed = store.complete_parts(&key("a/b"), &upload, &[part]).await;
    assert!(matches!(failed, Err(Error::Refused(_))), "{failed:?}");
}
