//! What is left under a prefix, and its end.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use harness::S3 as Server;
use harness::s3::{Fault, Rule, Versioning};
use storage::{Error, Remains};

use crate::{body, bucket, key, prefix, remains};

#[tokio::test]
async fn everything_under_a_prefix_is_told_page_by_page_and_goes() {
    // proves PRG-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "versioned");
    for number in 0..1100 {
        server.put("versioned", &format!("ours/{number}"), "first");
        server.put("versioned", &format!("ours/{number}"), "second");
    }
    for number in 0..50 {
        // Hidden under markers.
        let name = format!("ours/{number}");
        let url = store.put(&key(&name), "text/plain", body("third")).await;
        url.unwrap();
    }
    for _ in 0..3 {
        store.begin_parts(&key("ours/upload"), "text/plain").await.unwrap();
    }
    for number in 0..1010 {
        store.begin_parts(&key(&format!("ours/uploads/{number}")), "text/plain").await.unwrap();
    }
    for other in ["our", "ours", "ours0", "other/x"] {
        server.put("versioned", other, "x");
    }

    let found = remains(&store, "ours/").await;
    assert_eq!(found.len(), 2250 + 1013);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "each once");
    assert_eq!((server.requests("ListMultipartUploads"), server.requests("ListObjectVersions")), (2, 3));

    for _ in 0..2 {
        let erased = store.erase(&found).await;
        assert_eq!(erased.len(), found.len());
        assert!(erased.iter().all(Result::is_ok));
        assert_eq!(remains(&store, "ours/").await, []);
    }
    assert_eq!(server.items("versioned", "").len(), 4);
    assert_eq!(server.requests("DeleteObject"), 0, "all were deleted by the thousand");
}

#[tokio::test]
async fn delete_markers_are_left_too() {
    // proves PRG-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "versioned");
    server.put("versioned", "ours/a", "x");
    // What somebody does who deletes by name.
    server.faults().on("ListObjectVersions", Fault::Status(501));
    store.delete(&key("ours/a")).await.unwrap();
    server.faults().mend();
    assert_eq!(store.head(&key("ours/a")).await, Ok(None));
    let found = remains(&store, "ours/").await;
    assert_eq!(found.len(), 2, "{found:?}");
    store.delete(&key("ours/a")).await.unwrap();
    assert_eq!(server.items("versioned", ""), []);
}

#[tokio::test]
async fn a_list_goes_on_while_what_it_told_is_erased() {
    // proves PRG-2
    let server = Server::start().unwrap();
    let store = bucket(&server, "versioned");
    for number in 0..700 {
        for _ in 0..4 {
            server.put("versioned", &format!("ours/{number}"), "x");
        }
    }
    let mut found = store.remains(&prefix("ours/")).ready_chunks(100);
    let mut seen = 0;
    while let Some(page) = found.next().await {
        let page: Vec<Remains> = page.into_iter().collect::<Result<_, _>>().unwrap();
        seen += page.len();
        assert!(store.erase(&page).await.iter().all(Result::is_ok));
    }
    assert_eq!(seen, 2800);
    assert_eq!(server.items("versioned", ""), []);
}

#[tokio::test]
async fn names_that_others_gave_are_found_and_erased() {
    // proves PRG-1
    let server = Server::start().unwrap();
    server.create_bucket("foreign", Versioning::Off);
    let store = bucket(&server, "foreign");
    let names =
        ["a b", "a+b", "ü/ñ", "<&>\"'", "%2F%25", "a//b", "line\nbreak", "tab\t", " space ", "q?x=1#y", "🦀"];
    for name in names {
        server.put("foreign", &format!("ours/{name}"), "x");
    }
    let found = remains(&store, "ours/").await;
    let mut keys: Vec<_> = found.iter().map(|one| one.key().strip_prefix("ours/").unwrap()).collect();
    let mut expected = names.to_vec();
    keys.sort_unstable();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let erased = store.erase(&found).await;
    assert!(erased.iter().all(Result::is_ok), "{erased:?}");
    assert_eq!(server.items("foreign", ""), []);
}

#[tokio::test]
async fn a_store_without_versions_uploads_or_bulk_deletes_is_emptied_too() {
    // proves PRG-1
    for status in [501, 405] {
        let server = Server::start().unwrap();
        for operation in ["ListObjectVersions", "ListMultipartUploads", "DeleteObjects"] {
            server.faults().on(operation, Fault::Status(status));
        }
        let store = bucket(&server, "plain");
        for number in 0..1005 {
            server.put("plain", &format!("ours/{number}"), "x");
        }
        let found = remains(&store, "ours/").await;
        assert_eq!(found.len(), 1005);
        assert!(found.iter().all(|one| matches!(one, Remains::Object { .. })));
        assert!(store.erase(&found).await.iter().all(Result::is_ok));
        store.put(&key("ours/a"), "text/plain", body("x")).await.unwrap();
        store.delete(&key("ours/a")).await.unwrap();
        store.probe().await.unwrap();
        assert_eq!(server.items("plain", ""), []);
    }
}

#[tokio::test]
async fn a_store_that_overlooks_versions_gives_its_objects() {
    // proves PRG-1
    let server = Server::start().unwrap();
    server.put("plain", "ours/a", "x");
    let list = "<ListBucketResult><Contents><Key>ours/a</Key></Contents></ListBucketResult>";
    server.faults().on("ListObjectVersions", Fault::Answer(200, list.to_owned()));
    let found = remains(&bucket(&server, "plain"), "ours/").await;
    assert_eq!(found, [Remains::Object { key: "ours/a".to_owned() }]);
}

#[tokio::test]
async fn what_may_not_be_deleted_is_told_one_by_one() {
    // proves PRG-2
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    for name in ["a", "denied/b", "c", "slow/d"] {
        server.put("plain", &format!("ours/{name}"), "x");
    }
    let found = remains(&store, "ours/").await;
    server.faults().deny("ours/denied/");
    let slow =
        Rule { operation: Some("DeleteObject"), prefix: "ours/slow/".to_owned(), fault: Fault::Status(503) };
    server.faults().add(slow);
    let erased = store.erase(&found).await;
    assert!(
        matches!(&erased[..], [Ok(()), Ok(()), Err(Error::Refused(refusal)), Err(Error::Unavailable(_))] if refusal.status == 403),
        "{found:?} {erased:?}"
    );
    let refusal = erased[2].clone().unwrap_err();
    assert!(refusal.is_for_good() && !erased[3].clone().unwrap_err().is_for_good());
    server.faults().mend();
    assert!(store.erase(&found).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_list_that_tells_what_was_not_asked_for_is_not_believed() {
    // proves PRG-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let page = |key: &str, rest: &str| {
        format!(
            "<ListVersionsResult><Version><Key>{key}</Key><VersionId>1</VersionId></Version>{rest}</ListVersionsResult>"
        )
    };
    let endless = "<IsTruncated>true</IsTruncated><NextKeyMarker>ours/a</NextKeyMarker>";
    for (answer, told) in [
        (page("others/a", ""), "another prefix"),
        (page("ours/a", "<IsTruncated>true</IsTruncated>"), "no marker"),
        (page("ours/a", endless), "the same marker"),
        ("<html>welcome</html>".to_owned(), "no list"),
        ("{\"ok\":true}".to_owned(), "no XML"),
        ("<ListVersionsResult><Version>".to_owned(), "half of it"),
    ] {
        server.faults().mend();
        server.faults().on("ListObjectVersions", Fault::Answer(200, answer));
        let found: Vec<_> = store.remains(&prefix("ours/")).collect().await;
        assert!(matches!(found.last(), Some(Err(Error::Garbage(_)))), "{told}: {found:?}");
        assert!(found.len() < 5);
    }
}

#[test]
fn remains_keep_their_form_in_json() {
    // proves PRG-2
    let upload = Remains::Upload { key: "a".to_owned(), upload: storage::UploadId("u".to_owned()) };
    let version = Remains::Version { key: "a".to_owned(), version: "v".to_owned() };
    let object = Remains::Object { key: "a".to_owned() };
    for (one, json) in [
        (upload, r#"{"kind":"upload","key":"a","upload":"u"}"#),
        (version, r#"{"kind":"version","key":"a","version":"v"}"#),
        (object, r#"{"kind":"object","key":"a"}"#),
    ] {
        assert_eq!(serde_json::to_string(&one).unwrap(), json);
        assert_eq!(serde_json::from_str::<Remains>(json).unwrap(), one);
    }
}
