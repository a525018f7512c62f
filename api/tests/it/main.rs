//! The API as its clients see it: over TCP, on a database of its own, with the policies that ship.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod authorize;
mod batch;
mod connections;
mod consistency;
mod control;
mod decisions;
mod docs;
mod health;
mod import;
mod keys;
mod metrics;
mod policies;
mod problems;
mod requests;
mod resources;
mod routes;
mod support;
mod world;
