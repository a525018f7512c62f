//! HTTP within reach.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Request, RequestBuilder, Response};
use url::Url;

use crate::reach::{Forbidden, Resolver};
use crate::{Error, Reach};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take to begin; and, of what is made by [`Client::request`], to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What an upload is granted in addition for every so many bytes: 64 KiB a second.
const SLOWEST: u64 = 64 * 1024;

/// An HTTP client that connects only to what its [`Reach`] allows. It follows no redirects and asks no proxies. Cheap to
/// clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    reach: Arc<Reach>,
}

impl Client {
    pub(crate) fn new(reach: Arc<Reach>) -> Result<Self, Error> {
        let inner = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(20))
            .dns_resolver(Resolver(Arc::clone(&reach)))
            .build()
            .map_err(|error| Error::Invalid(format!("no HTTP client: {}", sentence(&error))))?;
        Ok(Self { inner, reach })
    }

    /// Where it may connect to.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// A request to this address, which has to be answered completely within ten seconds unless it is given another
    /// `timeout`. The address is checked here, because numbers in it are never resolved.
    ///
    /// # Errors
    /// [`Error::Unreachable`], as [`Reach::check`]. What sending it gives, [`failed`](Self::failed) translates.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Error> {
        self.reach.check(&url)?;
        Ok(self.inner.request(method, url).timeout(PATIENCE))
    }

    /// What a failed request means, without its address.
    #[must_use]
    pub fn failed(error: reqwest::Error) -> Error {
        translate(&error.without_url())
    }

    /// Sends a request, and waits for the beginning of its answer as long as its size deserves.
    pub(crate) async fn execute(&self, request: Request, size: u64) -> Result<Response, Error> {
        self.reach.check(request.url())?;
        let patience = PATIENCE + Duration::from_secs(size / SLOWEST);
        match tokio::time::timeout(patience, self.inner.execute(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Self::failed(error)),
            Err(_) => Err(Error::Unavailable("no answer in time".to_owned())),
        }
    }
}

fn translate(error: &reqwest::Error) -> Error {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Forbidden>() {
            return Error::Unreachable(Forbidden.to_string());
        }
        source = inner.source();
    }
    if error.is_builder() {
        return Error::Invalid(sentence(error));
    }
    Error::Unavailable(sentence(error))
}

/// The error and what caused it. The addresses of requests have been taken out before.
fn sentence(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
