//! How a Doorward process starts and stops: configuration, logs, traces, metrics, health, shutdown, and the parts
//! that it embeds so that `doorward` alone is enough.
//!
//! This crate knows no policies, no SQL and no HTTP. It also owns the two things that make a program differ from one
//! run to the next, so that tests can hold them still: [`Clock`] and [`Random`].

pub mod clock;
pub mod config;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
pub mod health;
mod log;
pub mod metrics;
pub mod random;
pub mod shutdown;
pub mod telemetry;

pub use clock::{Clock, FixedClock};
pub use config::{Config, ConfigError, Pattern, Rate, SampleRule, Sinks};
#[cfg(feature = "embedded")]
pub use embedded::Embedded;
pub use error::Error;
pub use health::Health;
pub use metrics::Metrics;
pub use random::Random;
pub use shutdown::Shutdown;
pub use telemetry::Telemetry;

/// The version of this build, as in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
