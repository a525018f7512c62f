//! Every fault of a provider is told as what it is.

use futures::StreamExt as _;
use harness::S3 as Server;
use harness::s3::{Fault, State};
use storage::{Error, Reach, Remains, S3, Store, UploadId};

use crate::{body, bucket, content, key, prefix, read, settings};

/// What each way of asking says.
async fn all_ways(store: &Store) -> Vec<(&'static str, Error)> {
    let name = key("ours/a");
    let version = [Remains::Version { key: "ours/a".to_owned(), version: "1".to_owned() }];
    let many = [version[0].clone(), Remains::Object { key: "ours/b".to_owned() }];
    let listed = store.remains(&prefix("ours/")).next().await.unwrap();
    vec![
        ("put", store.put(&name, "text/plain", body("x")).await.unwrap_err()),
        ("put large", store.put(&name, "text/plain", body(content(9 << 20))).await.unwrap_err()),
        ("get", store.get(&name).await.unwrap_err()),
        // Of a bucket that is not there, HEAD cannot tell more than that the object is not.
        ("head", store.head(&name).await.err().unwrap_or(Error::NotFound)),
        ("delete", store.delete(&name).await.unwrap_err()),
        ("begin", store.begin_parts(&name, "text/plain").await.unwrap_err()),
        ("list", listed.unwrap_err()),
        ("erase one", store.erase(&version).await[0].clone().unwrap_err()),
        ("erase many", store.erase(&many).await[1].clone().unwrap_err()),
        ("probe", store.probe().await.unwrap_err()),
    ]
}

fn everywhere(server: &Server, fault: &Fault) {
    server.faults().mend();
    server.faults().add(harness::s3::Rule { operation: None, prefix: String::new(), fault: fault.clone() });
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_is_refused_is_not() {
    // proves CON-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    for status in [500, 502, 503, 429] {
        everywhere(&server, &Fault::Status(status));
        for (way, error) in all_ways(&store).await {
            assert!(matches!(error, Error::Unavailable(_)), "{status} {way}: {error:?}");
            assert!(!error.is_for_good());
        }
    }
    for status in [400, 401, 403, 409] {
        everywhere(&server, &Fault::Status(status));
        for (way, error) in all_ways(&store).await {
            assert!(
                matches!(&error, Error::Refused(refusal) if refusal.status == status),
                "{status} {way}: {error:?}"
            );
            assert!(error.is_for_good());
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_unavailable() {
    // proves CON-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    server.faults().set_state(State::Down);
    for (way, error) in all_ways(&store).await {
        assert!(matches!(error, Error::Unavailable(_)), "{way}: {error:?}");
    }
    let nowhere = server.url("plain");
    drop(server);
    let store = Store::s3(&settings(&nowhere), &Reach::Anywhere).unwrap();
    for (way, error) in all_ways(&store).await {
        assert!(matches!(error, Error::Unavailable(_)), "{way}: {error:?}");
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_given_up() {
    // proves CON-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    server.faults().set_state(State::Silent);
    // They end at all, each after its ten seconds; side by side, to wait only once.
    let name = key("a");
    let (head, put, listed) = tokio::join!(
        store.head(&name),
        store.put(&name, "text/plain", body("x")),
        store.remains(&prefix("ours/")).into_future(),
    );
    let errors = [head.unwrap_err(), put.unwrap_err(), listed.0.unwrap().unwrap_err()];
    for error in errors {
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn keys_that_are_wrong_or_revoked_and_buckets_that_are_not_there_are_refused() {
    // proves CON-1
    let server = Server::start().unwrap();
    let right = server.url("plain");
    let wrong_secret = S3 { secret_key: "other".to_owned().into(), ..settings(&right) };
    let wrong_key = S3 { access_key: "other".to_owned(), ..settings(&right) };
    let wrong_region = S3 { region: "mars-1".to_owned(), ..settings(&right) };
    let revoked = settings(&right);
    for (what, settings) in [("secret", &wrong_secret), ("key", &wrong_key), ("revoked", &revoked)] {
        if what == "revoked" {
            server.faults().revoke();
        }
        let store = Store::s3(settings, &Reach::Anywhere).unwrap();
        for (way, error) in all_ways(&store).await {
            assert!(
                matches!(&error, Error::Refused(refusal) if refusal.status == 403),
                "{what} {way}: {error:?}"
            );
            assert!(error.is_for_good());
        }
    }
    server.faults().mend();
    // The provider of the tests takes any region that the signature names.
    assert!(Store::s3(&wrong_region, &Reach::Anywhere).is_ok());
    let store = bucket(&server, "nowhere");
    for (way, error) in all_ways(&store).await {
        if way == "head" {
            continue;
        }
        assert!(
            matches!(&error, Error::Refused(refusal) if refusal.code == "NoSuchBucket"),
            "{way}: {error:?}"
        );
    }
}

#[tokio::test]
async fn answers_that_are_none_of_s3_are_garbage() {
    // proves CON-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    // A page of some other server, which must not make us believe that anything is gone or done.
    let page = "<!DOCTYPE html><p>It works!";
    for status in [200, 404] {
        everywhere(&server, &Fault::Answer(status, page.to_owned()));
        let listed = store.remains(&prefix("ours/")).next().await.unwrap();
        assert!(matches!(listed, Err(Error::Garbage(_))), "{status}: {listed:?}");
        let one = Remains::Version { key: "ours/a".to_owned(), version: "1".to_owned() };
        let erased = store.erase(&[one.clone(), Remains::Object { key: "ours/b".to_owned() }]).await;
        assert!(
            matches!(erased[..], [Err(Error::Garbage(_)), Err(Error::Garbage(_))]),
            "{status}: {erased:?}"
        );
        let begun = store.begin_parts(&key("ours/a"), "text/plain").await;
        assert!(matches!(begun, Err(Error::Garbage(_))), "{status}: {begun:?}");
        let probed = store.probe().await;
        assert!(matches!(probed, Err(Error::Garbage(_))), "{status}: {probed:?}");
    }
    everywhere(&server, &Fault::Answer(404, page.to_owned()));
    let gone = store.get(&key("ours/a")).await;
    assert!(matches!(gone, Err(Error::Garbage(_))), "{gone:?}");
    for status in [200, 404] {
        everywhere(&server, &Fault::Answer(status, page.to_owned()));
        let one = Remains::Object { key: "ours/a".to_owned() };
        let erased = store.erase(&[one]).await;
        assert!(matches!(erased[..], [Err(Error::Garbage(_))]), "{status}: {erased:?}");
        let aborted = store.abort_parts(&key("ours/a"), &UploadId("1".to_owned())).await;
        assert!(matches!(aborted, Err(Error::Garbage(_))), "{status}: {aborted:?}");
        let put = store.put(&key("ours/a"), "text/plain", body("x")).await;
        assert!(matches!(put, Err(Error::Garbage(_))), "{status}: {put:?}");
    }
}

#[tokio::test]
async fn lost_answers_are_asked_for_again() {
    // proves CON-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "versioned");
    server.faults().lose_every(2);
    for number in 0..20 {
        let name = key(&format!("ours/{number}"));
        store.put(&name, "text/plain", body("x")).await.unwrap();
        assert_eq!(read(store.get(&name).await.unwrap()).await.unwrap(), "x");
        store.delete(&name).await.unwrap();
        assert_eq!(store.head(&name).await, Ok(None));
    }
    server.faults().mend();
    assert_eq!(server.items("versioned", ""), []);
}

#[tokio::test]
async fn a_store_that_works_passes_the_probe_and_keeps_nothing_of_it() {
    // proves CON-1
    let server = Server::start().unwrap();
    for name in ["plain", "versioned"] {
        bucket(&server, name).probe().await.unwrap();
        assert_eq!(server.items(name, ""), []);
    }
    for operation in
        ["PutObject", "GetObject", "HeadObject", "ListObjectVersions", "DeleteObject", "ListMultipartUploads"]
    {
        server.faults().mend();
        server.faults().on(operation, Fault::Status(403));
        let probed = bucket(&server, "plain").probe().await;
        assert!(matches!(probed, Err(Error::Refused(_))), "{operation}: {probed:?}");
    }
}
