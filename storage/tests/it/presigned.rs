//! Addresses that somebody else uses.

use std::time::Duration;

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use harness::S3 as Server;
use reqwest::{Method, Response};
use storage::{Declared, Presigned, Reach, Shown, Store};

use crate::{body, bucket, key, settings, sha256};

const HOUR: Duration = Duration::from_secs(3600);

/// Sends what was signed, as a browser does.
pub(crate) async fn send(presigned: &Presigned, body: impl Into<Bytes>) -> Response {
    let method = Method::from_bytes(presigned.method.as_bytes()).unwrap();
    let mut request = Reach::Anywhere.client().unwrap().request(method, presigned.url.clone()).unwrap();
    for (name, value) in &presigned.headers {
        // The length is that of the body, whatever a page says.
        if name != "content-length" {
            request = request.header(name, value);
        }
    }
    request.body(body.into()).send().await.unwrap()
}

fn declared(bytes: &[u8]) -> Declared {
    Declared { content_type: "image/png".to_owned(), size: bytes.len() as u64, sha256: sha256(bytes) }
}

#[tokio::test]
async fn an_upload_is_taken_as_it_was_declared_and_not_otherwise() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let name = key("a/picture");
    let presigned = store.presign_put(&name, &declared(b"right"), HOUR, Utc::now()).unwrap();

    assert_eq!(send(&presigned, "longer than it").await.status(), 403, "another size");
    assert_eq!(send(&presigned, "wrong").await.status(), 400, "another digest");
    for (header, value) in [("content-type", "text/html"), ("x-amz-checksum-sha256", "AAAA")] {
        let mut changed = presigned.clone();
        changed.headers.retain(|(name, _)| name != header);
        assert_eq!(send(&changed, "right").await.status(), 403, "without {header}");
        changed.headers.push((header.to_owned(), value.to_owned()));
        assert_eq!(send(&changed, "right").await.status(), 403, "another {header}");
    }
    let mut elsewhere = presigned.clone();
    elsewhere.url.set_path("/plain/a/other");
    assert_eq!(send(&elsewhere, "right").await.status(), 403, "another key");
    assert_eq!(store.head(&name).await, Ok(None));

    assert_eq!(send(&presigned, "right").await.status(), 200);
    let head = store.head(&name).await.unwrap().unwrap();
    assert_eq!((head.size, head.content_type.as_deref()), (5, Some("image/png")));
    assert_eq!(head.sha256, Some(sha256(b"right")));
}

#[tokio::test]
async fn an_address_ends_when_it_says() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    let before = Utc::now() - TimeDelta::minutes(10);
    let late = store.presign_put(&key("a"), &declared(b"x"), Duration::from_secs(300), before).unwrap();
    assert_eq!(late.expires_at, before + TimeDelta::minutes(5));
    assert_eq!(send(&late, "x").await.status(), 403);
    let still = store.presign_put(&key("a"), &declared(b"x"), Duration::from_secs(900), before).unwrap();
    assert_eq!(send(&still, "x").await.status(), 200);
    let longest = store.presign_put(&key("a"), &declared(b"x"), Duration::MAX, before).unwrap();
    assert_eq!(longest.expires_at, before + TimeDelta::days(7));
}

#[tokio::test]
async fn a_download_is_saved_under_its_name_with_its_type() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let store = bucket(&server, "plain");
    store.put(&key("a"), "application/octet-stream", body("hello")).await.unwrap();
    let shown = Shown { file_name: "Größe & more.txt".to_owned(), content_type: "text/plain".to_owned() };
    let presigned = store.presign_get(&key("a"), &shown, HOUR, Utc::now()).unwrap();
    let answer = send(&presigned, "").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.headers()["content-disposition"].to_str().unwrap(), shown.disposition());
    assert_eq!(answer.text().await.unwrap(), "hello");
    let mut changed = presigned;
    let other = changed.url.as_str().replace("text%2Fplain", "text%2Fhtml");
    assert_ne!(other, changed.url.as_str());
    changed.url = other.parse().unwrap();
    assert_eq!(send(&changed, "").await.status(), 403);
}

#[tokio::test]
async fn others_are_sent_to_the_public_endpoint_which_we_never_ask() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let public = format!("http://storage.localhost:{}", server.address().port());
    let url = format!("{}&public_endpoint={public}", server.url("plain"));
    let store = Store::s3(&settings(&url), &Reach::Anywhere).unwrap();
    let presigned = store.presign_put(&key("a"), &declared(b"x"), HOUR, Utc::now()).unwrap();
    assert_eq!(presigned.url.host_str(), Some("storage.localhost"));
    assert_eq!(send(&presigned, "x").await.status(), 200);

    // A public endpoint that nobody can reach is no hindrance to us.
    let url = format!("{}&public_endpoint=https://storage.invalid", server.url("plain"));
    let store = Store::s3(&settings(&url), &Reach::Anywhere).unwrap();
    assert_eq!(store.head(&key("a")).await.unwrap().unwrap().size, 1);
    let shown = Shown { file_name: "a".to_owned(), content_type: "text/plain".to_owned() };
    let presigned = store.presign_get(&key("a"), &shown, HOUR, Utc::now()).unwrap();
    assert!(presigned.url.as_str().starts_with("https://storage.invalid/plain/a?"));
}

#[tokio::test]
async fn a_bucket_in_the_host_is_signed_so() {
    // proves DOC-1
    let server = Server::start().unwrap();
    let settings = settings(&server.virtual_host_url("plain"));
    let store = Store::s3(&settings, &Reach::Anywhere).unwrap();
    let presigned = store.presign_put(&key("a/b"), &declared(b"x"), HOUR, Utc::now()).unwrap();
    assert_eq!(presigned.url.host_str(), Some("plain.s3.localhost"));
    assert_eq!(presigned.url.path(), "/a/b");
    assert_eq!(send(&presigned, "x").await.status(), 200);
    assert_eq!(server.content("plain", "a/b").unwrap(), "x");
}

#[test]
fn no_secret_and_no_signature_is_shown() {
    // proves CON-1
    let server = Server::start().unwrap();
    let settings = settings(&server.url("plain"));
    let store = Store::s3(&settings, &Reach::Anywhere).unwrap();
    let presigned = store.presign_put(&key("a"), &declared(b"x"), HOUR, Utc::now()).unwrap();
    assert!(presigned.url.as_str().contains("X-Amz-Signature="));
    let shown = format!("{presigned:?} {settings:?} {store:?}");
    assert!(shown.contains("plain"));
    for secret in ["X-Amz-Signature", harness::s3::SECRET_KEY, "of+the", "of%2Bthe"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
