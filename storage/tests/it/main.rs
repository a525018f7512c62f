//! Tests of the storage, as one binary, on real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers of tests; presigned addresses are for the time that the provider has"
)]

mod faults;
mod folder;
mod memory;
mod objects;
mod parts;
mod presigned;
mod reach;
mod remains;
mod settings;

use std::io;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use harness::S3 as Server;
use storage::{Error, Key, Object, Prefix, Reach, Remains, S3, Store};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap()
}

fn settings(url: &str) -> S3 {
    S3::from_url(url).unwrap()
}

fn bucket(server: &Server, name: &str) -> Store {
    Store::s3(&settings(&server.url(name)), &Reach::Anywhere).unwrap()
}

/// A body in pieces of another size than anything else has.
fn body(bytes: impl Into<Bytes>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let bytes = bytes.into();
    let pieces: Vec<_> = bytes.chunks(77_777).map(|piece| Ok(bytes.slice_ref(piece))).collect();
    futures::stream::iter(pieces)
}

/// A body that breaks off.
fn broken(bytes: impl Into<Bytes>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    use futures::StreamExt as _;
    body(bytes).chain(futures::stream::iter([Err(io::Error::other("the sender has gone"))]))
}

async fn read(object: Object) -> Result<Bytes, Error> {
    let pieces: Vec<Bytes> = object.body.try_collect().await?;
    Ok(pieces.concat().into())
}

async fn remains(store: &Store, under: &str) -> Vec<Remains> {
    store.remains(&prefix(under)).try_collect().await.unwrap()
}

/// Bytes that do not repeat soon.
fn content(size: usize) -> Bytes {
    (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>().into()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
