//! What every handler shares.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use runtime::{Config, Health, Metrics, Random};
use storage::Stores;
use tenancy::Db;

use crate::cookies::Cookies;
use crate::request_id::RequestIds;
use crate::throttle::{BadRedisUrl, Throttle};

/// Largest body of the bulk routes, in bytes.
pub(crate) const BULK_LIMIT: usize = 8 << 20;

/// The parts of a serving process. Clones are the same, and cost nothing: every request takes some.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    pub(crate) db: Db,
    pub(crate) stores: Stores,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) throttle: Throttle,
    pub(crate) settings: Settings,
    pub(crate) cookies: Cookies,
}

/// The configuration of HTTP.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) public_url: String,
    /// Where people sign in.
    pub(crate) app_url: String,
    pub(crate) body_limit: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How long an address for an upload or a download is good.
    pub(crate) upload_lifetime: Duration,
    pub(crate) limits: Limits,
}

impl Settings {
    /// The public URL up to its path, as browsers send it in `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.public_url[..self.public_url.len() - self.base().len()]
    }

    /// The path of the public URL, which stands before all paths that people see; mostly nothing.
    pub(crate) fn base(&self) -> &str {
        let rest = self.public_url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
    }
}

/// What a connection may cost.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Most connections at a time.
    pub(crate) max_connections: usize,
    /// How long the head of a request may take.
    pub(crate) header_timeout: Duration,
    /// How long a connection may be without a request.
    pub(crate) idle_timeout: Duration,
}

impl App {
    /// Puts the parts together. Connects to nothing yet.
    ///
    /// # Errors
    /// If `REDIS_URL` is none that Redis clients understand.
    pub fn new(
        db: Db,
        stores: Stores,
        health: Health,
        metrics: Metrics,
        random: Random,
        config: &Config,
    ) -> Result<Self, BadRedisUrl> {
        let limits = Limits {
            max_connections: config.max_connections,
            header_timeout: config.header_timeout,
            idle_timeout: config.idle_timeout,
        };
        let settings = Settings {
            public_url: config.public_url.clone(),
            app_url: config.app_url.clone(),
            body_limit: config.body_limit,
            request_timeout: config.request_timeout,
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            upload_lifetime: config.upload_lifetime,
            limits,
        };
        let cookies = Cookies::new(&settings.public_url);
        let request_ids = RequestIds::new(&random);
        let throttle = Throttle::new(config, db.clock().clone())?;
        Ok(Self(Arc::new(Parts { db, stores, health, metrics, request_ids, throttle, settings, cookies })))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
