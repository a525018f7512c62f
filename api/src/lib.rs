//! HTTP: routes, extractors, problem details, OpenAPI.
//!
//! Architecture invariant: this crate holds no rules and no SQL. A handler authorizes, calls `tenancy`, commits and
//! shapes the answer. It is the only crate that depends on `axum`.

mod accept;
mod app;
mod body;
mod checksum;
mod client_address;
mod connection;
mod content;
mod context;
mod control;
mod cookies;
mod etag;
mod figures;
mod idempotency;
mod layers;
mod list;
mod listener;
mod observe;
mod once;
mod openapi;
mod org_ref;
mod pages;
mod problem;
mod provider;
mod pulse;
mod refusals;
mod request_id;
mod revision;
mod routes;
mod server;
mod socket_file;
mod stream;
mod throttle;

pub use app::App;
pub use control::ControlSocket;
pub use listener::Listener;
pub use openapi::{document, pages};
pub use routes::{Access, TABLE};
pub use server::{router, serve, serve_operations};
pub use throttle::BadRedisUrl;
