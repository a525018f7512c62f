//! An S3 bucket. `object_store` moves the bytes; what it lacks is signed by `rusty-s3` and sent from here.

mod answer;
mod ask;
mod connector;
mod erase;
mod list;
mod objects;
mod parts;
mod presign;
mod put;
mod xml;

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::{BackoffConfig, RetryConfig};
use rusty_s3::{Credentials, UrlStyle};
use secrecy::ExposeSecret as _;
use url::Url;

use self::connector::Connector;
use crate::{Addressing, Client, Error, Key, S3};

/// How often a request is sent again. Callers have retries of their own: this is for an answer that got lost.
const RETRIES: usize = 2;

/// After how long nothing is sent again.
const RETRY_FOR: Duration = Duration::from_secs(6);

/// How long it takes before something is sent again; twice that the next time.
const BACKOFF: Duration = Duration::from_millis(100);

/// A bucket, as we reach it and as others do.
#[derive(Debug)]
pub(crate) struct Bucket {
    objects: AmazonS3,
    client: Client,
    inside: rusty_s3::Bucket,
    outside: rusty_s3::Bucket,
    credentials: Credentials,
    prefix: String,
}

impl Bucket {
    pub(crate) fn open(settings: &S3, client: Client) -> Result<Self, Error> {
        settings.check().map_err(|error| Error::Invalid(error.to_string()))?;
        let endpoint = match &settings.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => Url::parse(&format!("https://s3.{}.amazonaws.com", settings.region))
                .map_err(|error| Error::Invalid(error.to_string()))?,
        };
        client.reach().check(&endpoint)?;
        let public = settings.public_endpoint.as_ref().unwrap_or(&endpoint);
        let inside = bucket(&endpoint, settings)?;
        let outside = bucket(public, settings)?;
        let objects = objects(&endpoint, &inside, settings, client.clone())?;
        let credentials = Credentials::new(settings.access_key.as_str(), settings.secret_key.expose_secret());
        Ok(Self { objects, client, inside, outside, credentials, prefix: settings.prefix.clone() })
    }

    /// The name of an object with the prefix of the settings.
    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn path(&self, key: &Key) -> Result<object_store::path::Path, Error> {
        object_store::path::Path::parse(self.full(key.as_str()))
            .map_err(|error| Error::Invalid(error.to_string()))
    }
}

fn bucket(endpoint: &Url, settings: &S3) -> Result<rusty_s3::Bucket, Error> {
    let style = match settings.addressing {
        Addressing::Path => UrlStyle::Path,
        Addressing::VirtualHost => UrlStyle::VirtualHost,
    };
    rusty_s3::Bucket::new(endpoint.clone(), style, settings.bucket.clone(), settings.region.clone())
        .map_err(|error| Error::Invalid(format!("the bucket has no address: {error}")))
}

fn objects(
    endpoint: &Url,
    bucket: &rusty_s3::Bucket,
    settings: &S3,
    client: Client,
) -> Result<AmazonS3, Error> {
    // With the bucket in the host, object_store wants to be given the whole of it.
    let (endpoint, in_host) = match settings.addressing {
        Addressing::Path => (endpoint, false),
        Addressing::VirtualHost => (bucket.base_url(), true),
    };
    let backoff = BackoffConfig { init_backoff: BACKOFF, max_backoff: 10 * BACKOFF, base: 2. };
    AmazonS3Builder::new()
        .with_endpoint(endpoint.as_str().trim_end_matches('/'))
        .with_virtual_hosted_style_request(in_host)
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key)
        .with_secret_access_key(settings.secret_key.expose_secret())
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_FOR })
        .with_http_connector(Connector(client))
        .build()
        .map_err(|error| Error::Invalid(error.to_string()))
}
