//! A file that goes there and back.

use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::house::House;
use super::{Much, Peak};
use crate::report::figure;

/// What the file is made of, over and over: nothing in it comes twice.
const BLOCK: usize = 1024 * 1024;

/// Sends a file, fetches it, and exports it.
///
/// # Errors
/// What comes back is something else.
pub(super) fn there_and_back(much: Much) -> anyhow::Result<(String, Peak)> {
    let (block, size) = (block(), much.mebibytes * BLOCK as u64);
    let sum = sum(&block, much.mebibytes);
    let house = House::start(None)?;
    let documents = format!("/api/v1/workspaces/{}/documents", house.workspace()?);
    let new = json!({ "name": "large.bin", "content_type": "application/octet-stream", "size": size, "sha256": sum });
    let announced = house.ask("POST", &documents, &new)?;
    let document = format!("{documents}/{}", announced["id"].as_str().context("no document")?);
    let address = announced["upload"]["url"].as_str().context("no address")?;
    let path = &address[address.find("/api/").context("an address elsewhere")?..];
    let mut connection = house.connect()?;
    connection.send(house.head("PUT", path, "application/octet-stream", size).as_bytes())?;
    for _ in 0..much.mebibytes {
        connection.send(&block)?;
    }
    let status = connection.receive()?;
    anyhow::ensure!(status == 204, "PUT {path}: {status} {}", String::from_utf8_lossy(&connection.body));
    house.ask("POST", &format!("{document}/complete"), &Value::Null)?;
    anyhow::ensure!(fetched(&house, &format!("{document}/content"))?.1 == sum, "another file came back");

    let export = house.ask("POST", "/api/v1/me/exports", &Value::Null)?;
    let export = export["id"].as_str().context("no export")?;
    house.until(&format!("select state from exports where id = '{export}'"), "ready")?;
    let (packed, _) = fetched(&house, &format!("/api/v1/me/exports/{export}/content"))?;
    anyhow::ensure!(packed > size, "the file is not in the export of {packed} bytes");
    Ok((format!("{} MiB", figure(much.mebibytes as f64)), Peak::of(&house)?))
}

/// The size and the SHA-256 of what is there.
fn fetched(house: &House, path: &str) -> anyhow::Result<(u64, String)> {
    let mut connection = house.connect()?;
    connection.send(house.head("GET", path, "application/json", 0).as_bytes())?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let status = connection.receive_into(|piece| {
        hash.update(piece);
        size += piece.len() as u64;
    })?;
    anyhow::ensure!(status == 200, "GET {path}: {status}");
    Ok((size, format!("{:x}", hash.finalize())))
}

fn sum(block: &[u8], times: u64) -> String {
    let mut hash = Sha256::new();
    for _ in 0..times {
        hash.update(block);
    }
    format!("{:x}", hash.finalize())
}

/// By a linear congruential generator.
fn block() -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(BLOCK).collect()
}
