//! The form of values. Each function gives `None` for what it does not accept; the key table says what it accepts.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::{Origin, Url};

/// The shortest bootstrap key: as much as 128 bits in hexadecimal.
const KEY_LENGTH: usize = 32;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object on each line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| !text.is_empty())
}

pub(super) fn bytes(text: &str) -> Option<usize> {
    parsed(text).filter(|bytes| *bytes > 0)
}

/// As many as a semaphore and a system can count.
pub(super) fn connections(text: &str) -> Option<usize> {
    parsed(text).filter(|count| (1..=1_000_000).contains(count))
}

/// Permissions by which at least the owner can connect.
pub(super) fn mode(text: &str) -> Option<u32> {
    let octal = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(text, 8).ok().filter(|mode| octal && (0o600..=0o777).contains(mode))
}

pub(super) fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero())
}

/// Partitions of the log hold a day each, so less than one would keep nothing for certain.
pub(super) fn retention(text: &str) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    duration(text).filter(|duration| (DAY..=DAY * 36_525).contains(duration))
}

/// Stricter than the filter itself, which takes `inof` for the name of a module and then shows nothing else.
pub(super) fn log_filter(text: &str) -> Option<String> {
    let level = |directive: &str| {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        level.parse::<LevelFilter>().is_ok() && !level.is_empty()
    };
    (text.split(',').all(level) && EnvFilter::try_new(text).is_ok()).then(|| text.to_owned())
}

pub(super) fn api_key(text: &str) -> Option<SecretString> {
    let strong = text.len() >= KEY_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic());
    strong.then(|| text.into())
}

pub(super) fn postgres_url(text: &str) -> Option<SecretString> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "postgres" | "postgresql").then(|| text.into())
}

pub(super) fn redis_url(text: &str) -> Option<SecretString> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "redis" | "rediss") && url.has_host()).then(|| text.into())
}

/// A bucket with its credentials; the crate that stores reads it in earnest.
pub(super) fn s3_url(text: &str) -> Option<SecretString> {
    let url = Url::parse(text).ok()?;
    let has_bucket = !url.path().trim_matches('/').is_empty();
    (url.scheme() == "s3" && !url.username().is_empty() && url.password().is_some() && has_bucket)
        .then(|| text.into())
}

/// As lettre reads it: `smtps` is TLS from the first byte, `smtp` with `tls=required` is STARTTLS.
pub(super) fn smtp_url(text: &str) -> Option<SecretString> {
    let url = Url::parse(text).ok()?;
    let query_is_known = url.query_pairs().all(|(name, value)| {
        name == "tls" && matches!(&*value, "required" | "opportunistic") && url.scheme() == "smtp"
    });
    (matches!(url.scheme(), "smtp" | "smtps") && url.has_host() && query_is_known).then(|| text.into())
}

/// One line with an address in it, alone or in angle brackets; the worker reads it in earnest.
pub(super) fn mailbox(text: &str) -> Option<String> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => text,
    };
    let (local, domain) = address.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@,:/".contains(c))
    };
    let one_line = !text.contains(char::is_control);
    (one_line && plain(local) && plain(domain)).then(|| text.trim().to_owned())
}

pub(super) fn concurrency(text: &str) -> Option<usize> {
    parsed(text).filter(|count| (1..=1000).contains(count))
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn job_lease(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (SECOND..=HOUR).contains(duration))
}

pub(super) fn job_backoff(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| *duration <= HOUR)
}

pub(super) fn job_retention(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (HOUR..=HOUR * 24 * 36_525).contains(duration))
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

pub(super) fn trial(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE..=YEAR * 10).contains(duration))
}

pub(super) fn access_token_lifetime(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE..=HOUR).contains(duration))
}

pub(super) fn session(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE * 5..=YEAR).contains(duration))
}

pub(super) fn refresh_grace(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| *duration <= MINUTE * 5)
}

pub(super) fn signing_key_lifetime(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (DAY..=YEAR * 10).contains(duration))
}

pub(super) fn upload_lifetime(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE..=HOUR * 12).contains(duration))
}

/// None at all is fine.
pub(super) fn deletion_grace(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|duration| *duration <= DAY * 90)
}

pub(super) fn purge_deadline(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE..=DAY * 365).contains(duration))
}

pub(super) fn export_lifetime(text: &str) -> Option<Duration> {
    duration(text).filter(|duration| (MINUTE..=DAY * 90).contains(duration))
}

pub(super) fn quota(text: &str) -> Option<i64> {
    parsed(text).filter(|bytes| *bytes >= 0)
}

/// Not below what OWASP recommends for two passes.
pub(super) fn password_memory(text: &str) -> Option<u32> {
    parsed(text).filter(|kibibytes| (19_456..=4_194_304).contains(kibibytes))
}

pub(super) fn password_passes(text: &str) -> Option<u32> {
    parsed(text).filter(|passes| (2..=100).contains(passes))
}

/// A bare address; whether it can be an account's is looked at where accounts are.
pub(super) fn address(text: &str) -> Option<String> {
    mailbox(text).filter(|mailbox| !mailbox.contains(['<', ' ']))
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// An address to which paths are appended: kept without the slash at the end.
pub(super) fn http_url(text: &str) -> Option<String> {
    let url = web_url(text)?;
    (url.query().is_none() && url.fragment().is_none()).then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// An origin as browsers send it, such as `https://app.example.com`.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = web_url(text)?;
    let bare = url.path() == "/" && !text.ends_with('/') && url.query().is_none() && url.fragment().is_none();
    let origin = url.origin();
    (bare && matches!(origin, Origin::Tuple(..))).then(|| origin.ascii_serialization())
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let anonymous = url.username().is_empty() && url.password().is_none();
    (web && anonymous).then_some(url)
}
