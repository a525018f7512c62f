//! Tests of the binary as its users run it.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod audit;
mod chaos;
mod compose;
mod decisions;
mod dockerfile;
mod health;
mod import;
mod keys;
mod mail;
mod paused;
mod policies;
mod queue;
mod serve;
mod socket;
mod support;
mod trace;
mod work;
