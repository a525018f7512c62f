//! Providers outside, as connections lead to them: whether their addresses may be connected to, and whether they work.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use storage::{Client, Error as StoreError, Refusal, S3, Stores};
use tenancy::connection::{Access, Provider, TestFailure, TestOutcome};
use tenancy::{Error, FieldError};
use url::Url;

/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Refuses settings that can never work, and addresses that may not be connected to.
///
/// # Errors
/// [`Error::Invalid`] with the field.
pub(crate) fn check(stores: &Stores, access: &Access) -> Result<(), Error> {
    let mut wrong = vec![];
    for (name, url) in access.endpoints() {
        // Nothing is sent to it from here; it is for browsers.
        if name != "public_endpoint"
            && let Err(error) = stores.reach().check(&url)
        {
            wrong.push(FieldError { field: format!("settings.{name}"), message: error.to_string() });
        }
    }
    if wrong.is_empty() && access.provider() == Provider::S3 {
        let settings: S3 = access.read()?;
        if let Err(error) = settings.check() {
            wrong.push(FieldError { field: "settings".to_owned(), message: error.to_string() });
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// Tries a provider. Takes 20 seconds at most, follows no redirects, and repeats nothing of what the provider says.
pub(crate) async fn test(stores: &Stores, access: &Access) -> TestOutcome {
    let tried = tokio::time::timeout(PATIENCE, attempt(stores, access)).await;
    let failure = match tried {
        Ok(Ok(())) => return TestOutcome { ok: true, error: None, detail: None },
        Ok(Err(failure)) => failure,
        Err(_) => TestFailure::Unavailable,
    };
    refused(failure)
}

/// How a test went that could not begin.
pub(crate) fn refused(failure: TestFailure) -> TestOutcome {
    let detail = match failure {
        TestFailure::CredentialsRefused => "the provider does not accept the credentials",
        TestFailure::NotAllowed => {
            "the provider accepts the credentials, and does not let them do what is needed"
        }
        TestFailure::NotFound => "there is no such bucket, or nothing of this provider at the address",
        TestFailure::Unavailable => "the provider does not answer, or says that it cannot for now",
        TestFailure::UnexpectedAnswer => {
            "what answers at the address is not this provider; redirects are not followed"
        }
        TestFailure::AddressNotAllowed => {
            "connections may not go to the address that this name or number leads to"
        }
        TestFailure::InvalidSettings => "the settings cannot be used",
        TestFailure::CredentialsUnreadable => "the credentials cannot be read any more; give them anew",
    };
    TestOutcome { ok: false, error: Some(failure), detail: Some(detail.to_owned()) }
}

async fn attempt(stores: &Stores, access: &Access) -> Result<(), TestFailure> {
    let unreadable = |_| TestFailure::CredentialsUnreadable;
    match access.provider() {
        Provider::S3 => {
            let settings: S3 = access.read().map_err(unreadable)?;
            let store = stores.connected(&settings).map_err(|error| class(&error))?;
            store.probe().await.map_err(|error| class(&error))
        }
        Provider::OpenAi => {
            let ai: Ai = access.read().map_err(unreadable)?;
            let request = get(stores.client(), &ai.base_url, "models")?;
            send(request.bearer_auth(ai.api_key.expose_secret())).await
        }
        Provider::Anthropic => {
            let ai: Ai = access.read().map_err(unreadable)?;
            let request = get(stores.client(), &ai.base_url, "models")?;
            let request = request.header("anthropic-version", "2023-06-01");
            send(request.header("x-api-key", ai.api_key.expose_secret())).await
        }
        Provider::Kubernetes => {
            let cluster: Cluster = access.read().map_err(unreadable)?;
            let request = get(stores.client(), &cluster.endpoint, "version")?;
            send(request.bearer_auth(cluster.token.expose_secret())).await
        }
    }
}

#[derive(Deserialize)]
struct Ai {
    base_url: Url,
    api_key: SecretString,
}

#[derive(Deserialize)]
struct Cluster {
    endpoint: Url,
    token: SecretString,
}

fn get(client: &Client, base: &Url, path: &str) -> Result<RequestBuilder, TestFailure> {
    let url = format!("{}/{path}", base.as_str().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|_| TestFailure::InvalidSettings)?;
    client.request(Method::GET, url).map_err(|error| class(&error))
}

/// The body is not read: what it says is the provider's, or of whoever answers in its place.
async fn send(request: RequestBuilder) -> Result<(), TestFailure> {
    let response = request.send().await.map_err(|error| class(&Client::failed(error)))?;
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED => Err(TestFailure::CredentialsRefused),
        StatusCode::FORBIDDEN => Err(TestFailure::NotAllowed),
        StatusCode::NOT_FOUND => Err(TestFailure::NotFound),
        StatusCode::TOO_MANY_REQUESTS => Err(TestFailure::Unavailable),
        status if status.is_server_error() => Err(TestFailure::Unavailable),
        _ => Err(TestFailure::UnexpectedAnswer),
    }
}

fn class(error: &StoreError) -> TestFailure {
    match error {
        StoreError::NotFound => TestFailure::NotFound,
        StoreError::Refused(Refusal { status, code, .. }) => match (status, code.as_str()) {
            (401, _)
            | (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken") => {
                TestFailure::CredentialsRefused
            }
            (403, _) => TestFailure::NotAllowed,
            (404, _) => TestFailure::NotFound,
            _ => TestFailure::UnexpectedAnswer,
        },
        StoreError::Unavailable(_) | StoreError::Source(_) => TestFailure::Unavailable,
        StoreError::Garbage(_) => TestFailure::UnexpectedAnswer,
        StoreError::Unreachable(_) => TestFailure::AddressNotAllowed,
        StoreError::Invalid(_) => TestFailure::InvalidSettings,
    }
}
