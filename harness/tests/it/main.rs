//! Tests of the harness itself, and of the shape of the workspace.

#![allow(clippy::expect_used, reason = "a test that cannot go on may panic, helpers included")]

mod browser;
mod dependencies;
mod direction;
mod postgres;
mod redis;
mod workspace;
