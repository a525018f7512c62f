//! Requests that object_store does not know.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Response};
use rusty_s3::Method;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use url::Url;

use super::{BACKOFF, Bucket, RETRIES, RETRY_FOR, answer};
use crate::Error;

/// How long a request of our own may be under way before it is not taken any more, in seconds.
const LIFETIME: u64 = 300;

/// A request to the bucket, or to an object in it.
pub(super) struct Ask<'a> {
    method: Method,
    /// With the prefix of the settings; none is the bucket.
    key: Option<&'a str>,
    query: Vec<(&'static str, &'a str)>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl<'a> Ask<'a> {
    pub(super) fn bucket(method: Method) -> Self {
        Self { method, key: None, query: Vec::new(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(super) fn object(method: Method, key: &'a str) -> Self {
        Self { key: Some(key), ..Self::bucket(method) }
    }

    pub(super) fn query(mut self, name: &'static str, value: &'a str) -> Self {
        self.query.push((name, value));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What is sent, with both digests that providers ask for: some want the old one, some the new.
    pub(super) fn body(mut self, body: String) -> Self {
        self.headers.push(("content-type", "application/xml".to_owned()));
        self.headers.push(("content-md5", STANDARD.encode(Md5::digest(&body))));
        self.headers.push(("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(&body))));
        self.body = body.into();
        self
    }

    /// Signs, for this address of the bucket. Everything that is sent is signed.
    pub(super) fn sign(&self, bucket: &Bucket, at: &rusty_s3::Bucket, now: &Timestamp, lifetime: u64) -> Url {
        let mut query = self.query.clone();
        query.sort_unstable();
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.sort_unstable();
        let url = match self.key {
            Some(key) => at.object_url(key),
            None => at.base_url().clone(),
        };
        rusty_s3::signing::sign(
            now,
            self.method,
            url,
            bucket.credentials.key(),
            bucket.credentials.secret(),
            None,
            at.region(),
            lifetime,
            query.into_iter(),
            headers.into_iter(),
        )
    }

    pub(super) fn method(&self) -> &'static str {
        self.method.to_str()
    }

    pub(super) fn into_headers(self) -> Vec<(String, String)> {
        self.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Bucket {
    /// Sends a request until it is answered, a few times at most.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Response, Error> {
        let begin = Instant::now();
        let mut wait = BACKOFF;
        for _ in 0..RETRIES {
            match self.ask_once(ask).await {
                Err(Error::Unavailable(_)) if begin.elapsed() < RETRY_FOR => tokio::time::sleep(wait).await,
                answer => return answer,
            }
            wait *= 2;
        }
        self.ask_once(ask).await
    }

    async fn ask_once(&self, ask: &Ask<'_>) -> Result<Response, Error> {
        if ask.key.is_some_and(|key| key.split('/').any(|segment| matches!(segment, "." | ".."))) {
            // It would become another address on the way.
            return Err(Error::Invalid("an object of this name cannot be addressed alone".to_owned()));
        }
        // The provider compares with its own clock, so this is the one of the machine.
        let url = ask.sign(self, &self.inside, &Timestamp::now(), LIFETIME);
        let invalid = |_| Error::Invalid("a name or value has characters that no header has".to_owned());
        let method = reqwest::Method::from_bytes(ask.method.to_str().as_bytes())
            .map_err(|error| Error::Invalid(error.to_string()))?;
        let mut request = Request::new(method.clone(), url);
        for (name, value) in &ask.headers {
            let value = HeaderValue::from_str(value).map_err(invalid)?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        *request.body_mut() = Some(ask.body.clone().into());
        let response = self.client.execute(request, ask.body.len() as u64).await?;
        answer::accept(&method, response).await
    }
}

/// Between a second and seven days, which is all that S3 takes.
pub(super) fn seconds(lifetime: Duration) -> u64 {
    lifetime.as_secs().clamp(1, 7 * 24 * 60 * 60)
}
