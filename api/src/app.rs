//! What every handler shares.

use std::time::Duration;

use runtime::{Config, Health, Metrics, Random};
use tenancy::Db;

/// Largest body of the bulk routes, in bytes.
pub(crate) const BULK_LIMIT: usize = 8 << 20;

/// The parts of a serving process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) db: Db,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) random: Random,
    pub(crate) settings: Settings,
}

/// The configuration of HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) public_url: String,
    pub(crate) body_limit: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) cors_origins: Vec<String>,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(db: Db, health: Health, metrics: Metrics, random: Random, config: &Config) -> Self {
        let settings = Settings {
            public_url: config.public_url.clone(),
            body_limit: config.body_limit,
            request_timeout: config.request_timeout,
            cors_origins: config.cors_origins.clone(),
        };
        Self { db, health, metrics, random, settings }
    }
}
