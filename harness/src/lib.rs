//! What tests stand on: a private Postgres with a database of its own for each test, a private [`Redis`], a mail server,
//! an S3 server, and a [`Browser`].
//!
//! Nothing here depends on a server that happens to run. `harness run -- <command>` starts one server for a whole
//! run and tells the tests by [`VARIABLE`]; without it each test process starts its own, so that `cargo test` and
//! an editor's "run this test" work too.
//!
//! All functions block: call them from `spawn_blocking`, or before the runtime of the test begins.
//!
//! **Architecture invariant:** the harness knows neither sqlx nor a crate of this workspace. Callers migrate their
//! template themselves, in the closure that they hand to [`database`].

#![allow(
    clippy::disallowed_methods,
    reason = "the harness is configured by the environment of the test run, not by the product's configuration"
)]

mod binaries;
mod browser;
mod browser_programs;
mod database;
pub mod otlp;
mod place;
mod postgres;
mod psql;
pub mod queries;
mod redis;
mod redis_server;
pub mod s3;
mod schemathesis;
pub mod smtp;
mod watch;

pub use binaries::Binaries;
pub use browser::Browser;
pub use browser_programs::BrowserPrograms;
pub use database::Database;
pub use postgres::{Postgres, VARIABLE};
pub use redis::Redis;
pub use redis_server::RedisServer;
pub use s3::S3;
pub use schemathesis::Schemathesis;
pub use smtp::Smtp;

use std::sync::OnceLock;

/// The server of this run: the one that [`VARIABLE`] names, else one started for this process.
///
/// # Errors
/// Says why there is no server; the same words at every call.
pub fn postgres() -> anyhow::Result<&'static Postgres> {
    // A static is never dropped: the server notices by itself that this process has ended (see `watch`).
    static SERVER: OnceLock<Result<Postgres, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let started = match std::env::var(VARIABLE) {
            Ok(url) => Postgres::at(&url),
            Err(_) => Postgres::start(),
        };
        started.map_err(|error| format!("{error:#}"))
    });
    server.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

/// A new database of its own for a test, cloned from `template`; dropped with the value.
///
/// The first caller of a run makes the template: `prepare` gets the URL of an empty database and fills it. All
/// others, in this process or another, wait for it and clone. A template whose `prepare` failed is never used.
///
/// `template` names what is inside: a letter, then letters, digits and `_`, all lower-case, at most 40 of them. End it with a fingerprint
/// of the migrations, so that a server which outlives a change is not asked for a template of yesterday.
///
/// # Errors
/// No server, a bad name, or what `prepare` said.
pub fn database(
    template: &str,
    prepare: impl FnOnce(&str) -> Result<(), String>,
) -> anyhow::Result<Database> {
    postgres()?.database(template, prepare)
}
