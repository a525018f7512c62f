//! Requests that create something, and that may be sent again under the same `Idempotency-Key` without creating it again.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy::idempotency::{self, Answered, Begun, Fingerprint, IdempotencyKey};
use tenancy::{Caller, FieldError, Tx};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::app::App;
use crate::body::{invalid, parse, read};
use crate::problem::Problem;
use crate::revision::At;

/// The header with the key.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The JSON body of a request that creates something (errors are 422), with the key that it may have.
pub(crate) struct Create<T> {
    body: T,
    again: Again,
}

/// How a request is known again: by its key, if it has one, and by how it was sent.
#[derive(IntoParams)]
#[into_params(names("Idempotency-Key"), parameter_in = Header)]
struct Again(
    /// A word of your choice for this request, such as a UUID: whoever sends the same request with it again within 24 hours
    /// gets the same answer, with `Idempotency-Replayed: true`, and nothing is created again.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255)]
    Option<(IdempotencyKey, Sent)>,
);

impl<T> IntoParams for Create<T> {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Again::into_params(place)
    }
}

/// The request as it was sent.
struct Sent {
    method: Method,
    path: String,
    body: Bytes,
}

impl Sent {
    /// Under one key it must be the same for the same place: `current` in a path may be another organization by now.
    fn fingerprint(&self, caller: &Caller) -> Fingerprint {
        let current = caller
            .person()
            .and_then(|person| person.current.org)
            .filter(|_| self.path.split('/').any(|part| part == "current"));
        let place = current.map(|org| org.to_string()).unwrap_or_default();
        Fingerprint::of(self.method.as_str(), &format!("{place}{}", self.path), &self.body)
    }
}

/// What was created, as it is shown, and where it is.
pub(crate) struct Created<V> {
    view: V,
    location: Option<String>,
}

impl<V> Created<V> {
    /// What has no path of its own.
    pub(crate) fn new(view: V) -> Self {
        Self { view, location: None }
    }

    /// What is there from now on.
    pub(crate) fn at(location: String, view: V) -> Self {
        Self { view, location: Some(location) }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Create<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let key = key(request.headers()).map_err(|field| invalid(field).into_response())?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let bytes = read(request, state).await?;
        let body = parse(&bytes).map_err(|field| invalid(field).into_response())?;
        let again = Again(key.map(|key| (key, Sent { method, path, body: bytes })));
        Ok(Self { body, again })
    }
}

/// The key of a request, if it has one.
fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, FieldError> {
    let mut given = headers.get_all(&KEY).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| given.next().is_none());
    let message = "one key of 1 to 255 visible ASCII characters".to_owned();
    key.map(Some).ok_or(FieldError { field: "Idempotency-Key".to_owned(), message })
}

impl<T> Create<T> {
    /// Creates it in a transaction of its own, and answers 201. A request whose key was answered before gets that answer; one
    /// that fails leaves nothing, and can be sent again with its key.
    ///
    /// # Errors
    /// 422 `idempotency_key_reused` if the caller has used the key for another request; else those of `create`.
    pub(crate) async fn run<V: Serialize>(
        self,
        app: &App,
        request: tenancy::Request,
        caller: &Caller,
        create: impl AsyncFnOnce(&mut Tx, T) -> Result<Created<V>, Problem>,
    ) -> Result<Response, Problem> {
        let mut tx = app.db.begin(request).await?;
        let mut attempt = None;
        if let Some((key, sent)) = &self.again.0 {
            match idempotency::begin(&mut tx, caller, key, &sent.fingerprint(caller)).await? {
                Begun::First(first) => attempt = Some(first),
                Begun::Reused => return Err(reused()),
                Begun::Answered(before) => {
                    // The revision of now has seen what was created then.
                    let at = At(tx.commit().await?);
                    let replayed = [(REPLAYED, HeaderValue::from_static("true"))];
                    return Ok((at, replayed, answer(before)).into_response());
                }
            }
        }
        let created = create(&mut tx, self.body).await?;
        let answered = created.answered()?;
        if let Some(attempt) = attempt {
            idempotency::remember(&mut tx, attempt, &answered).await?;
        }
        Ok((At(tx.commit().await?), answer(answered)).into_response())
    }
}

impl<V: Serialize> Created<V> {
    fn answered(self) -> Result<Answered, Problem> {
        let body = serde_json::to_string(&self.view).map_err(|error| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
        })?;
        let status = StatusCode::CREATED.as_u16();
        Ok(Answered { status, location: self.location, body: SecretString::from(body) })
    }
}

/// The answer, which is the same to the byte whenever it is given.
fn answer(answered: Answered) -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let mut response = (json, answered.body.expose_secret().to_owned()).into_response();
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::CREATED);
    if let Some(location) = answered.location.and_then(|location| HeaderValue::try_from(location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn reused() -> Problem {
    let detail = "this Idempotency-Key was used for another request; take a new one";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
}
