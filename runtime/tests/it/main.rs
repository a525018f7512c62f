//! What a process does from the outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

#[cfg(feature = "embedded")]
mod embedded;
mod signals;
mod traces;
