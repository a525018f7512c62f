//! Background work: takes what the store says is due, and does it.
//!
//! The row in the store is the job. A relay hands hints of due rows to a transport, a channel in the process or queues in
//! Redis; whoever takes a hint out claims the row, does the work, and commits its effect together with the end of the
//! job. Hints may be lost, doubled or late: nothing depends on them but the time it takes.
//!
//! Architecture invariants: this crate knows no HTTP and writes no SQL; it is the only one that knows apalis and lettre.
//! What a job does to tenants' data it does with an `Authorized`, as `Service::"worker"`.

mod backoff;
mod context;
mod failure;
mod figures;
mod fuse;
mod jobs;
mod keeper;
pub mod mail;
mod objects;
mod registry;
mod relay;
mod runner;
mod settings;
mod transport;
mod worker;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on should stop
mod tests;

pub use figures::Tally;
pub use settings::Settings;
pub use worker::{Worker, WorkerError};
