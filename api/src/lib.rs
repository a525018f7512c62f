//! HTTP: routes, extractors, problem details, OpenAPI.
//!
//! Architecture invariant: this crate holds no rules and no SQL. A handler authorizes, calls `tenancy`, commits and
//! shapes the answer. It is the only crate that depends on `axum`.

mod app;
mod body;
mod context;
mod layers;
mod list;
mod openapi;
mod problem;
mod revision;
mod routes;
mod server;

pub use app::App;
pub use openapi::document;
pub use routes::{Access, TABLE};
pub use server::{ControlSocket, router, serve};
