//! Tests of the worker.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod account;
mod documents;
mod log;
mod mail;
