//! Tests of the policy engine on folders made for them, and on the one that ships.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod application;
mod code;
mod context;
mod depth;
mod entity;
mod error;
mod explain;
mod folder;
mod format;
mod fuzz;
mod hash;
mod live;
mod place;
mod plan;
mod policy;
mod question;
mod ready;
mod ships;
mod slices;
mod snapshot;
mod support;
mod world;
