//! Objects come back as they went, wherever they lie.

use harness::S3 as Server;
use harness::s3::{Fault, Item};
use storage::{Error, Reach, Store};

use crate::{body, broken, bucket, content, key, read, remains, settings, sha256};

async fn comes_back(store: &Store, keeps_type: bool) {
    let name = key("a/b-1/c_2.txt");
    for size in [0, 1, 100_000, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1, 20 * 1024 * 1024] {
        let bytes = content(size);
        let stored = store.put(&name, "text/plain; charset=utf-8", body(bytes.clone())).await.unwrap();
        assert_eq!((stored.size, stored.sha256), (size as u64, sha256(&bytes)), "{size}");
        let head = store.head(&name).await.unwrap().unwrap();
        assert_eq!(head.size, size as u64);
        let object = store.get(&name).await.unwrap();
        assert_eq!(object.size, size as u64);
        let content_type = keeps_type.then_some("text/plain; charset=utf-8");
        assert_eq!(object.content_type.as_deref(), content_type);
        assert_eq!(head.content_type.as_deref(), content_type);
        assert_eq!(read(object).await.unwrap(), bytes, "{size}");
    }
    let part = store.get_range(&name, 5..9).await.unwrap();
    assert_eq!(part.size, 20 * 1024 * 1024);
    assert_eq!(read(part).await.unwrap(), content(9).slice(5..));
    let end = store.get_range(&name, 20 * 1024 * 1024 - 3..u64::MAX).await.unwrap();
    assert_eq!(read(end).await.unwrap().len(), 3);
    let behind = store.get_range(&name, 30 * 1024 * 1024..31 * 1024 * 1024).await;
    assert!(matches!(behind, Err(Error::Invalid(_))), "{behind:?}");

    store.delete(&name).await.unwrap();
    store.delete(&name).await.unwrap();
    assert_eq!(store.head(&name).await, Ok(None));
    assert!(matches!(store.get(&name).await, Err(Error::NotFound)));
    assert_eq!(remains(store, "a/").await, []);
}

#[tokio::test]
async fn objects_of_all_sizes_come_back_from_a_folder() {
    // proves DOC-1
    let folder = tempfile::tempdir().unwrap();
    comes_back(&Store::folder(&folder.path().join("not/yet")).unwrap(), false).await;
}

#[tokio::test]
async fn objects_of_all_sizes_come_back_from_a_bucket_in_the_path() {
    // proves DOC-1
    let server = Server::start().unwrap();
    comes_back(&bucket(&server, "plain"), true).await;
    assert!(server.requests("UploadPart") > 0);
}

#[tokio::test]
async fn objects_of_all_sizes_come_back_from_a_bucket_in_the_host() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let settings = settings(&server.virtual_host_url("versioned"));
    comes_back(&Store::s3(&settings, &Reach::Anywhere).unwrap(), true).await;
    assert!(server.requests("PutObject") > 0);
    assert_eq!(server.items("versioned", ""), []);
}

#[tokio::test]
async fn deleting_an_object_leaves_those_whose_names_begin_alike() {
    // proves DOC-1
    let server = Server::start().unwrap();
    for name in ["plain", "versioned"] {
        let store = bucket(&server, name);
        for object in ["a/b", "a/b.c", "a/bc", "a/b/c"] {
            for text in ["first", "second"] {
                store.put(&key(object), "text/plain", body(text)).await.unwrap();
            }
        }
        store.delete(&key("a/b")).await.unwrap();
        let left: Vec<_> = remains(&store, "a/").await.iter().map(|one| one.key().to_owned()).collect();
        assert!(!left.contains(&"a/b".to_owned()), "{left:?}");
        for object in ["a/b.c", "a/bc", "a/b/c"] {
            assert!(left.contains(&object.to_owned()), "{object} in {left:?}");
        }
    }
}

#[tokio::test]
async fn the_prefix_of_the_settings_stands_before_every_key_and_is_never_shown() {
    // proves CON-1
    let server = Server::start().unwrap();
    let url = server.url("versioned").replace("versioned?", "versioned/of/ours/?");
    let store = Store::s3(&settings(&url), &Reach::Anywhere).unwrap();
    server.put("versioned", "a/of-others", "x");
    store.put(&key("a/ours"), "text/plain", body("y")).await.unwrap();
    assert_eq!(server.content("versioned", "of/ours/a/ours").unwrap(), "y");
    let left = remains(&store, "a/").await;
    assert_eq!(left.iter().map(storage::Remains::key).collect::<Vec<_>>(), ["a/ours"]);
    assert!(store.erase(&left).await.iter().all(Result::is_ok));
    assert_eq!(server.items("versioned", "").len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_off_leaves_nothing() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for store in [bucket(&server, "versioned"), Store::folder(folder.path()).unwrap()] {
        for size in [10, 8 * 1024 * 1024 + 10] {
            let failed = store.put(&key("a/b"), "text/plain", broken(content(size))).await;
            assert!(matches!(failed, Err(Error::Source(_))), "{failed:?}");
        }
        assert_eq!(store.head(&key("a/b")).await, Ok(None));
    }
    assert_eq!(server.requests("UploadPart"), 1, "the larger one had begun");
    assert_eq!(server.items("versioned", ""), []);
    // The removal of the unfinished file is handed to another thread.
    let store = Store::folder(folder.path()).unwrap();
    while !remains(&store, "a/").await.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_put_leaves_nothing() {
    // proves DOC-1
    let server = Server::start().unwrap();
    server.faults().on("UploadPart", Fault::Hang);
    let store = bucket(&server, "plain");
    let name = key("a/b");
    {
        let mut put = Box::pin(store.put(&name, "text/plain", body(content(20 * 1024 * 1024))));
        let begun = async {
            while server.requests("UploadPart") == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            done = &mut put => panic!("{done:?}"),
            () = begun => {}
        }
        assert!(matches!(server.items("plain", "")[..], [Item::Upload { .. }]));
    }
    while !server.items("plain", "").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(server.requests("AbortMultipartUpload"), 1);
}

#[tokio::test]
async fn a_part_that_is_refused_ends_the_upload() {
    // proves DOC-1
    let server = Server::start().unwrap();
    server.faults().on("UploadPart", Fault::Status(403));
    let store = bucket(&server, "plain");
    let refused = store.put(&key("a/b"), "text/plain", body(content(20 * 1024 * 1024))).await;
    assert!(matches!(&refused, Err(error @ Error::Refused(_)) if error.is_for_good()), "{refused:?}");
    assert_eq!(server.items("plain", ""), []);
}

#[tokio::test]
async fn a_bucket_knows_the_digest_of_what_was_put_in_one_piece() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    store.put(&key("a"), "text/plain", body("hello")).await.unwrap();
    assert_eq!(store.head(&key("a")).await.unwrap().unwrap().sha256, Some(sha256(b"hello")));
    store.put(&key("a"), "text/plain", body(content(9 * 1024 * 1024))).await.unwrap();
    assert_eq!(store.head(&key("a")).await.unwrap().unwrap().sha256, None);
}
