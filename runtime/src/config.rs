//! What an operator can set. Defaults, then the file, then the environment; [`KEYS`] documents every setting.

mod decision_log;
mod key;
mod listen;
mod pattern;
mod rate;
mod source;
mod value;

use std::{ffi::OsString, num::NonZeroU32, path::Path, path::PathBuf, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

pub use decision_log::{SampleRule, Sinks};
pub use key::{Fallback, KEYS, Key};
pub use listen::Listen;
pub use pattern::Pattern;
pub use rate::Rate;
pub use source::Place;
use source::Source;
pub use value::LogFormat;

/// The file that is read when none is named, if it is there.
pub const FILE: &str = "doorward.toml";

/// Everything that can be set, checked. Secrets cannot be printed.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Postgres to use; none means the one in the process.
    pub database_url: Option<SecretString>,
    /// The Redis that carries hints of due jobs; none means a channel in the process.
    pub redis_url: Option<SecretString>,
    /// The bucket for documents and exports; none means a folder.
    pub s3_url: Option<SecretString>,
    /// The mail server; none means files.
    pub smtp_url: Option<SecretString>,
    /// Where traces go, without `/v1/traces` and without a slash at the end.
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// Where HTTP is served; at least one address.
    pub listen: Vec<Listen>,
    /// The permissions of Unix sockets among them.
    pub socket_mode: u32,
    /// The folder of everything that is stored on this machine.
    pub data: PathBuf,
    /// The policy folder.
    pub policies: PathBuf,
    /// The address by which others reach this server, without a slash at the end.
    pub public_url: String,
    /// A platform API key that is accepted from the first start on.
    pub bootstrap_key: Option<SecretString>,
    /// Which logs to show, as directives of `tracing-subscriber`'s `EnvFilter`.
    pub log: String,
    /// How logs are written.
    pub log_format: LogFormat,
    /// How many connections to Postgres to hold at most.
    pub database_connections: NonZeroU32,
    /// The memory that facts may take in the cache, in bytes.
    pub cache_bytes: usize,
    /// The oldest facts that an answer is given from.
    pub max_staleness: Duration,
    /// How many connections of callers are held at most.
    pub max_connections: usize,
    /// How long a caller may take to send the head of a request.
    pub header_timeout: Duration,
    /// How long a connection without requests is kept.
    pub idle_timeout: Duration,
    /// The longest request body accepted, in bytes.
    pub body_limit: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long a stopping process waits for what it has begun.
    pub shutdown_timeout: Duration,
    /// The origins from which browsers may call, each `scheme://host[:port]`.
    pub cors_origins: Vec<String>,
    /// Where decisions are logged to.
    pub decision_log: Sinks,
    /// Which part of the allows is logged; the first rule for an action counts, and without one all are.
    pub decision_log_sample: Vec<SampleRule>,
    /// Names whose values in a question's context are masked in the log.
    pub decision_log_mask: Vec<Pattern>,
    /// How long logged decisions are kept in Postgres.
    pub decision_log_retention: Duration,
    /// Where a process that only works tells how it is; at least one address.
    pub worker_listen: Vec<Listen>,
    /// How many jobs of each queue run at a time.
    pub worker_concurrency: usize,
    /// How long a worker holds a job without a sign of life.
    pub job_lease: Duration,
    /// How long a job waits after its first failure.
    pub job_backoff: Duration,
    /// How long done and cancelled jobs are kept.
    pub job_retention: Duration,
    /// The sender of mails, with or without a name.
    pub mail_from: String,
    /// How many mails one address gets.
    pub mail_per_address: Rate,
    /// How many mails are sent for one organization.
    pub mail_per_org: Rate,
    /// What tokens in links and sealed keys are made with; none means a file in the data folder.
    pub secret: Option<SecretString>,
    /// The address of the first administrator.
    pub admin_email: Option<String>,
    /// Where people sign in, without a slash at the end.
    pub app_url: String,
    /// From whom `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a new account has full rights without approval.
    pub trial: Duration,
    /// The storage of a new account, in bytes.
    pub quota: i64,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
    /// How long a session lives without a refresh.
    pub session_idle: Duration,
    /// How long a session lives at most.
    pub session_lifetime: Duration,
    /// How long a used refresh token gives the same successor again.
    pub refresh_grace: Duration,
    /// After how long access tokens are signed with a new key.
    pub signing_key_lifetime: Duration,
    /// The memory that hashing a password takes, in KiB.
    pub password_memory: u32,
    /// How often hashing a password goes over that memory.
    pub password_passes: u32,
    /// How many passwords are hashed at a time.
    pub password_concurrency: usize,
    /// How many failed sign-ins one address may make.
    pub sign_in_per_ip: Rate,
    /// How many failed sign-ins one address may make at one account.
    pub sign_in_per_account: Rate,
    /// How many accounts one address may open, and how many links for forgotten passwords ask for.
    pub register_per_ip: Rate,
    /// How long an address for an upload or a download is good.
    pub upload_lifetime: Duration,
    /// Private networks that providers of connections may be in.
    pub connection_networks: Vec<IpNet>,
    /// How long a deletion waits before it begins.
    pub deletion_grace: Duration,
    /// How long a purge tries to reach a store that does not answer.
    pub purge_deadline: Duration,
    /// How long an export can be fetched.
    pub export_lifetime: Duration,
}

/// Why a configuration is refused. Never repeats a value, since any value may be a secret in the wrong place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A name that means nothing, most likely a typing error.
    #[error("unknown setting {} in {place}; `doorward config` lists all settings", key.escape_debug())]
    Unknown {
        /// The name as it was written.
        key: String,
        /// Where.
        place: Place,
    },

    /// A value that cannot be used.
    #[error("{key} in {place} must be {expected}")]
    Bad {
        /// The name as it was written.
        key: &'static str,
        /// Where.
        place: Place,
        /// What would have been right.
        expected: &'static str,
    },

    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },

    /// The file is not TOML.
    #[error("the configuration file {} is not valid TOML: {position}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line and column.
        position: String,
    },
}

impl Config {
    /// Reads the configuration: defaults, overridden by the file, overridden by the environment.
    ///
    /// Without a named file, [`FILE`] in the working folder is read if it is there; a named one must be there.
    /// An empty environment variable counts as absent. Relative paths are relative to the working folder.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting as it was written and says what was expected. All of `DOORWARD_*` that is
    /// not a setting is refused, except the variables by which Kubernetes announces a service of such a name.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::read(&Source::read(file, Path::new(FILE), env)?)
    }

    fn read(source: &Source) -> Result<Self, ConfigError> {
        let listen = source.listed("listen", value::parsed)?;
        let own_url = listen.iter().find_map(|at| match at {
            Listen::Tcp(address) => Some(format!("http://{address}")),
            Listen::Unix(_) => None,
        });
        let public_url = source
            .optional("public_url", value::http_url)?
            .or(own_url)
            .unwrap_or_else(|| "http://localhost".to_owned());
        Ok(Self {
            database_url: source.optional("database_url", value::postgres_url)?,
            redis_url: source.optional("redis_url", value::redis_url)?,
            s3_url: source.optional("s3_url", value::s3_url)?,
            smtp_url: source.optional("smtp_url", value::smtp_url)?,
            otel_exporter_otlp_endpoint: source.optional("otel_exporter_otlp_endpoint", value::http_url)?,
            data: source.required("data", value::parsed)?,
            policies: source.required("policies", value::parsed)?,
            bootstrap_key: source.optional("bootstrap_key", value::api_key)?,
            log: source.required("log", value::log_filter)?,
            log_format: source.required("log_format", value::parsed)?,
            database_connections: source.required("database_connections", value::parsed)?,
            cache_bytes: source.required("cache_bytes", value::bytes)?,
            max_staleness: source.required("max_staleness", value::duration)?,
            max_connections: source.required("max_connections", value::connections)?,
            header_timeout: source.required("header_timeout", value::duration)?,
            idle_timeout: source.required("idle_timeout", value::duration)?,
            body_limit: source.required("body_limit", value::bytes)?,
            request_timeout: source.required("request_timeout", value::duration)?,
            shutdown_timeout: source.required("shutdown_timeout", value::duration)?,
            cors_origins: source.list("cors_origins", value::origin)?,
            decision_log: source.required("decision_log", value::parsed)?,
            decision_log_sample: source.list("decision_log_sample", value::parsed)?,
            decision_log_mask: source.mask("decision_log_mask")?,
            decision_log_retention: source.required("decision_log_retention", value::retention)?,
            socket_mode: source.required("socket_mode", value::mode)?,
            worker_listen: source.listed("worker_listen", value::parsed)?,
            worker_concurrency: source.required("worker_concurrency", value::concurrency)?,
            job_lease: source.required("job_lease", value::job_lease)?,
            job_backoff: source.required("job_backoff", value::job_backoff)?,
            job_retention: source.required("job_retention", value::job_retention)?,
            mail_from: source.required("mail_from", value::mailbox)?,
            mail_per_address: source.required("mail_per_address", value::parsed)?,
            mail_per_org: source.required("mail_per_org", value::parsed)?,
            secret: source.optional("secret", value::api_key)?,
            admin_email: source.optional("admin_email", value::address)?,
            app_url: source.optional("app_url", value::http_url)?.unwrap_or_else(|| public_url.clone()),
            trusted_proxies: source.list("trusted_proxies", value::network)?,
            trial: source.required("trial", value::trial)?,
            quota: source.required("quota", value::quota)?,
            access_token_lifetime: source.required("access_token_lifetime", value::access_token_lifetime)?,
            session_idle: source.required("session_idle", value::session)?,
            session_lifetime: source.required("session_lifetime", value::session)?,
            refresh_grace: source.required("refresh_grace", value::refresh_grace)?,
            signing_key_lifetime: source.required("signing_key_lifetime", value::signing_key_lifetime)?,
            password_memory: source.required("password_memory", value::password_memory)?,
            password_passes: source.required("password_passes", value::password_passes)?,
            password_concurrency: source.required("password_concurrency", value::concurrency)?,
            sign_in_per_ip: source.required("sign_in_per_ip", value::parsed)?,
            sign_in_per_account: source.required("sign_in_per_account", value::parsed)?,
            register_per_ip: source.required("register_per_ip", value::parsed)?,
            upload_lifetime: source.required("upload_lifetime", value::upload_lifetime)?,
            connection_networks: source.list("connection_networks", value::network)?,
            deletion_grace: source.required("deletion_grace", value::deletion_grace)?,
            purge_deadline: source.required("purge_deadline", value::purge_deadline)?,
            export_lifetime: source.required("export_lifetime", value::export_lifetime)?,
            public_url,
            listen,
        })
    }

    /// What is in force, one text for each of [`KEYS`] in its order; `None` where nothing is set. A secret shows only
    /// that it is set.
    #[must_use]
    pub fn shown(&self) -> Vec<(&'static Key, Option<String>)> {
        KEYS.iter().zip(self.texts()).map(|(key, (_, text))| (key, text)).collect()
    }

    /// The names of the fields in the order of [`KEYS`], and their values as text.
    fn texts(&self) -> [(&'static str, Option<String>); KEYS.len()] {
        // Taken apart without `..`, so that a new field cannot be forgotten here.
        let Self {
            database_url,
            redis_url,
            s3_url,
            smtp_url,
            otel_exporter_otlp_endpoint,
            listen,
            socket_mode,
            data,
            policies,
            public_url,
            bootstrap_key,
            log,
            log_format,
            database_connections,
            cache_bytes,
            max_staleness,
            max_connections,
            header_timeout,
            idle_timeout,
            body_limit,
            request_timeout,
            shutdown_timeout,
            cors_origins,
            decision_log,
            decision_log_sample,
            decision_log_mask,
            decision_log_retention,
            worker_listen,
            worker_concurrency,
            job_lease,
            job_backoff,
            job_retention,
            mail_from,
            mail_per_address,
            mail_per_org,
            secret,
            admin_email,
            app_url,
            trusted_proxies,
            trial,
            quota,
            access_token_lifetime,
            session_idle,
            session_lifetime,
            refresh_grace,
            signing_key_lifetime,
            password_memory,
            password_passes,
            password_concurrency,
            sign_in_per_ip,
            sign_in_per_account,
            register_per_ip,
            upload_lifetime,
            connection_networks,
            deletion_grace,
            purge_deadline,
            export_lifetime,
        } = self;
        let hidden = |secret: &Option<SecretString>| secret.as_ref().map(|_| "(set, not shown)".to_owned());
        let duration = |duration: &Duration| Some(humantime::format_duration(*duration).to_string());
        [
            ("database_url", hidden(database_url)),
            ("redis_url", hidden(redis_url)),
            ("s3_url", hidden(s3_url)),
            ("smtp_url", hidden(smtp_url)),
            ("otel_exporter_otlp_endpoint", otel_exporter_otlp_endpoint.clone()),
            ("listen", Some(joined(listen))),
            ("socket_mode", Some(format!("{socket_mode:04o}"))),
            ("data", Some(data.display().to_string())),
            ("policies", Some(policies.display().to_string())),
            ("public_url", Some(public_url.clone())),
            ("bootstrap_key", hidden(bootstrap_key)),
            ("log", Some(log.clone())),
            ("log_format", Some(log_format.to_string())),
            ("database_connections", Some(database_connections.to_string())),
            ("cache_bytes", Some(cache_bytes.to_string())),
            ("max_staleness", duration(max_staleness)),
            ("max_connections", Some(max_connections.to_string())),
            ("header_timeout", duration(header_timeout)),
            ("idle_timeout", duration(idle_timeout)),
            ("body_limit", Some(body_limit.to_string())),
            ("request_timeout", duration(request_timeout)),
            ("shutdown_timeout", duration(shutdown_timeout)),
            ("cors_origins", (!cors_origins.is_empty()).then(|| cors_origins.join(","))),
            ("decision_log", Some(decision_log.to_string())),
            ("decision_log_sample", Some(joined(decision_log_sample))),
            (
                "decision_log_mask",
                Some(if decision_log_mask.is_empty() {
                    "none".to_owned()
                } else {
                    joined(decision_log_mask)
                }),
            ),
            ("decision_log_retention", duration(decision_log_retention)),
            ("worker_listen", Some(joined(worker_listen))),
            ("worker_concurrency", Some(worker_concurrency.to_string())),
            ("job_lease", duration(job_lease)),
            ("job_backoff", duration(job_backoff)),
            ("job_retention", duration(job_retention)),
            ("mail_from", Some(mail_from.clone())),
            ("mail_per_address", Some(mail_per_address.to_string())),
            ("mail_per_org", Some(mail_per_org.to_string())),
            ("secret", hidden(secret)),
            ("admin_email", admin_email.clone()),
            ("app_url", Some(app_url.clone())),
            ("trusted_proxies", (!trusted_proxies.is_empty()).then(|| joined(trusted_proxies))),
            ("trial", duration(trial)),
            ("quota", Some(quota.to_string())),
            ("access_token_lifetime", duration(access_token_lifetime)),
            ("session_idle", duration(session_idle)),
            ("session_lifetime", duration(session_lifetime)),
            ("refresh_grace", duration(refresh_grace)),
            ("signing_key_lifetime", duration(signing_key_lifetime)),
            ("password_memory", Some(password_memory.to_string())),
            ("password_passes", Some(password_passes.to_string())),
            ("password_concurrency", Some(password_concurrency.to_string())),
            ("sign_in_per_ip", Some(sign_in_per_ip.to_string())),
            ("sign_in_per_account", Some(sign_in_per_account.to_string())),
            ("register_per_ip", Some(register_per_ip.to_string())),
            ("upload_lifetime", duration(upload_lifetime)),
            ("connection_networks", (!connection_networks.is_empty()).then(|| joined(connection_networks))),
            ("deletion_grace", duration(deletion_grace)),
            ("purge_deadline", duration(purge_deadline)),
            ("export_lifetime", duration(export_lifetime)),
        ]
    }
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The environment of this process, for [`Config::load`]. Names that are not Unicode are left out; a value that is
/// not keeps its place and will be refused, or not be found.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(text)
}

fn text((name, value): (OsString, OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests;
