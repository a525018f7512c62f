//! Tests of the rules on a real Postgres: a database for each test, with the policies that ship.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod account;
mod action;
mod administration;
mod agent;
mod api_key;
mod audit;
mod confinement;
mod context;
mod decision;
mod decision_log;
mod feed;
mod import;
mod instance;
mod invitation;
mod job;
mod line;
mod membership;
mod migration;
mod organization;
mod outage;
mod people;
mod purge;
mod queue;
mod resource;
mod revision;
mod session;
mod sharing;
mod support;
mod token;
mod usage;
mod wallet;
mod workspace;
