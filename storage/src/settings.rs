//! Where a bucket is, and who we are there.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::Prefix;

/// How long the prefix of settings may be, so that it and a key fit into the 1024 bytes of S3.
const LONGEST_PREFIX: usize = 120;

/// A bucket. `Debug` shows no secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Where the provider is; none is AWS.
    #[serde(default)]
    pub endpoint: Option<Url>,
    /// What presigned addresses are made for, where browsers need another one than we do.
    #[serde(default)]
    pub public_endpoint: Option<Url>,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The name of the bucket.
    pub bucket: String,
    /// The name of the key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// Where in an address the bucket stands.
    #[serde(default)]
    pub addressing: Addressing,
    /// What stands before every key: nothing, or segments that each end with `/`.
    #[serde(default)]
    pub prefix: String,
}

/// Where in an address the bucket stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addressing {
    /// First in the path. Every provider knows it.
    #[default]
    Path,
    /// First in the host, as AWS prefers it.
    VirtualHost,
}

/// What is wrong with settings. Never repeats a value, which may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(Cow<'static, str>);

impl S3 {
    /// Reads `s3://ACCESS:SECRET@host[:port]/bucket[/prefix]?region=…&tls=false&public_endpoint=…&addressing=virtual-host`,
    /// or `s3://ACCESS:SECRET@/bucket?region=eu-west-1` for AWS. What is no letter or digit in the keys is written with
    /// percent signs. Without `region` it is `us-east-1`, which most providers but AWS take.
    ///
    /// # Errors
    /// Says what is wrong, without any part of the address.
    pub fn from_url(text: &str) -> Result<Self, SettingsError> {
        let rest = text.strip_prefix("s3://").ok_or_else(|| fail("it begins with s3://"))?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The slash of a secret may not have been escaped; the last @ ends the keys.
        let (keys, rest) =
            rest.rsplit_once('@').ok_or_else(|| fail("it has ACCESS:SECRET@ before the host"))?;
        let (access, secret) =
            keys.split_once(':').ok_or_else(|| fail("access key and secret have a : between them"))?;
        let (host, path) = rest.split_once('/').ok_or_else(|| fail("a bucket follows the host"))?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let query = Query::parse(query)?;
        let endpoint = query.endpoint(host)?;
        if endpoint.is_none() && query.region.is_none() {
            return Err(fail("AWS needs ?region=…"));
        }
        let prefix = prefix.trim_end_matches('/');
        let settings = Self {
            endpoint,
            public_endpoint: query.public_endpoint,
            region: query.region.unwrap_or_else(|| "us-east-1".to_owned()),
            bucket: decode(bucket)?,
            access_key: decode(access)?,
            secret_key: decode(secret)?.into(),
            addressing: query.addressing,
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
        };
        settings.check()?;
        Ok(settings)
    }

    /// Looks whether the settings can be used at all, without asking the provider.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(3..=63).contains(&self.bucket.len())
            || !self.bucket.bytes().all(name)
            || self.bucket.starts_with('.')
            || self.bucket.contains("..")
        {
            return Err(fail("the name of a bucket has 3 to 63 letters, digits, . - and _"));
        }
        if self.region.is_empty() || !self.region.bytes().all(|byte| name(byte) && byte != b'.') {
            return Err(fail("a region has letters, digits, - and _"));
        }
        let printable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable(&self.access_key) || self.access_key.contains('/') {
            return Err(fail("the access key is empty or has characters that no key has"));
        }
        if !printable(secrecy::ExposeSecret::expose_secret(&self.secret_key)) {
            return Err(fail("the secret key is empty or has characters that no key has"));
        }
        if !self.prefix.is_empty()
            && (self.prefix.len() > LONGEST_PREFIX || Prefix::parse(&self.prefix).is_err())
        {
            return Err(fail("a prefix has at most 120 letters, digits, . _ - and /, and ends with /"));
        }
        [&self.endpoint, &self.public_endpoint].into_iter().flatten().try_for_each(check_endpoint)
    }
}

/// What stands behind the `?`.
#[derive(Default)]
struct Query {
    region: Option<String>,
    tls: Tls,
    public_endpoint: Option<Url>,
    addressing: Addressing,
}

#[derive(Default)]
enum Tls {
    #[default]
    On,
    Off,
}

impl Query {
    fn parse(text: &str) -> Result<Self, SettingsError> {
        let mut query = Self::default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("region", region) => query.region = Some(region.to_owned()),
                ("tls", "true") => query.tls = Tls::On,
                ("tls", "false") => query.tls = Tls::Off,
                ("tls", _) => return Err(fail("tls is true or false")),
                ("public_endpoint", address) => {
                    let url = Url::parse(address).map_err(|_| fail("public_endpoint is no address"))?;
                    query.public_endpoint = Some(url);
                }
                ("addressing", "path") => query.addressing = Addressing::Path,
                ("addressing", "virtual-host") => query.addressing = Addressing::VirtualHost,
                ("addressing", _) => return Err(fail("addressing is path or virtual-host")),
                (other, _) => {
                    let known = "region, tls, public_endpoint and addressing";
                    let other: String = other.chars().filter(char::is_ascii_graphic).take(40).collect();
                    return Err(SettingsError(format!("{other} is not known; {known} are").into()));
                }
            }
        }
        Ok(query)
    }

    fn endpoint(&self, host: &str) -> Result<Option<Url>, SettingsError> {
        let scheme = match self.tls {
            Tls::On => "https",
            Tls::Off => "http",
        };
        match host {
            "" => Ok(None),
            host => Url::parse(&format!("{scheme}://{host}"))
                .map(Some)
                .map_err(|_| fail("the host is none; escape what is no letter or digit in the keys")),
        }
    }
}

fn check_endpoint(url: &Url) -> Result<(), SettingsError> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(fail("an endpoint begins with http:// or https:// and has a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fail("no endpoint has a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("an endpoint ends with its host, port or path"));
    }
    Ok(())
}

/// Without what may hold a password.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn decode(text: &str) -> Result<String, SettingsError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| fail("what is escaped is no UTF-8"))
}

fn fail(what: &'static str) -> SettingsError {
    SettingsError(Cow::Borrowed(what))
}

/// Without the secret.
impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.endpoint.as_ref().map(origin))
            .field("public_endpoint", &self.public_endpoint.as_ref().map(origin))
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("access_key", &self.access_key)
            .field("addressing", &self.addressing)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
