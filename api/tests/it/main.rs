//! The API as its clients see it: over TCP, on a database of its own, with the policies that ship.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod admin_queue;
mod admin_users;
mod audit;
mod auth;
mod authorize;
mod batch;
mod client_address;
mod connections;
mod consistency;
mod control;
mod decisions;
mod docs;
mod health;
mod import;
mod invitations;
mod jobs;
mod keys;
mod me;
mod metrics;
mod pages;
mod policies;
mod problems;
mod queue;
mod requests;
mod resources;
mod routes;
mod second_factor;
mod security;
mod sessions;
mod stats;
mod support;
mod world;
