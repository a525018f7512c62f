//! How a worker works.

use std::time::Duration;

use runtime::Config;
use runtime::config::Rate;
use secrecy::SecretString;

use crate::mail;

/// What a worker wants to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis of the transport; none means a channel in the process.
    pub redis_url: Option<SecretString>,
    /// How mails leave.
    pub mail: mail::Settings,
    /// Mails that one address gets.
    pub mail_per_address: Rate,
    /// Mails that are sent for one organization.
    pub mail_per_org: Rate,
    /// The address by which people reach Doorward; stands in links.
    pub public_url: String,
    /// Where people sign in; stands in links.
    pub app_url: String,
    /// Jobs of each queue at a time.
    pub concurrency: usize,
    /// How long a job is held without a sign of life, and when a hint counts as lost.
    pub lease: Duration,
    /// The wait after a first failure.
    pub backoff: Duration,
    /// How long done jobs are kept.
    pub retention: Duration,
    /// After how long access tokens are signed with a new key.
    pub signing_key_lifetime: Duration,
    /// How many objects or rows a purge erases at a time.
    pub purge_page: usize,
    /// How long running jobs may take to end when the process stops, before they are handed back.
    pub grace: Duration,
    /// After which time a kind of job counts as unknown.
    pub patience: Duration,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Self {
            redis_url: config.redis_url.clone(),
            mail: mail::Settings::of(config),
            mail_per_address: config.mail_per_address,
            mail_per_org: config.mail_per_org,
            public_url: config.public_url.clone(),
            app_url: config.app_url.clone(),
            concurrency: config.worker_concurrency,
            lease: config.job_lease,
            backoff: config.job_backoff,
            retention: config.job_retention,
            signing_key_lifetime: config.signing_key_lifetime,
            // As many as a bucket lists and deletes with one request.
            purge_page: 1_000,
            // The rest of the time is for handing back.
            grace: config.shutdown_timeout.mul_f64(0.75),
            patience: Duration::from_secs(10 * 60),
        }
    }
}
