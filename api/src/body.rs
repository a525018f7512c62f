//! What requests carry, with errors that name the field.

use std::error::Error as _;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use tenancy::FieldError;

use crate::problem::Problem;

/// A JSON body. Errors are 422. The content type is not looked at: what is not JSON is refused as such.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out; errors are 422.
pub(crate) struct OptionalJson<T>(pub(crate) T);

/// A JSON body of the decision endpoints, where errors are 400.
pub(crate) struct Question<T>(pub(crate) T);

/// Parameters in the path; errors are 422.
pub(crate) struct Path<T>(pub(crate) T);

/// Parameters in the query; errors are 422.
pub(crate) struct Query<T>(pub(crate) T);

/// A body of UTF-8 text.
pub(crate) struct Text(pub(crate) String);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self).map_err(|field| invalid(field).into_response())
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self).map_err(|field| invalid(field).into_response())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Question<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self).map_err(|field| malformed(field).into_response())
    }
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = read(request, state).await?;
        let text = String::from_utf8(bytes.to_vec());
        text.map(Self).map_err(|_| invalid(field("", "the body is not UTF-8")).into_response())
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(error) => Err(invalid(field("path", &error.body_text())).into_response()),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(invalid(parameter(&rejection)).into_response()),
        }
    }
}

/// Reads a raw query, naming the parameter that is wrong.
pub(crate) fn query<T: DeserializeOwned>(raw: &str) -> Result<T, FieldError> {
    let uri = Uri::try_from(format!("/?{raw}")).map_err(|error| field("query", &error.to_string()))?;
    match axum::extract::Query::try_from_uri(&uri) {
        Ok(axum::extract::Query(query)) => Ok(query),
        Err(rejection) => Err(parameter(&rejection)),
    }
}

/// Which parameter is wrong; `query`, where it is none in particular.
fn parameter(rejection: &QueryRejection) -> FieldError {
    type Misfit = serde_path_to_error::Error<serde::de::value::Error>;
    // The rejection's cause is a box with the cause in it.
    let cause = rejection.source().and_then(|boxed| boxed.source());
    let Some(misfit) = cause.and_then(|cause| cause.downcast_ref::<Misfit>()) else {
        return field("query", &rejection.body_text());
    };
    let path = misfit.path().to_string();
    field(if matches!(path.as_str(), "." | "?") { "query" } else { &path }, &misfit.inner().to_string())
}

/// Reads the whole body, within the limit of its route.
pub(crate) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Response> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let problem = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "the body is larger than this route takes",
            )
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", rejection.body_text())
        };
        problem.into_response()
    })
}

/// Reads JSON, naming the field that is wrong.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldError> {
    // A list would be taken for the fields in their order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte != b'{') {
        return Err(field("", "expected a JSON object"));
    }
    // Most bodies are right: what is wrong, and where, is looked for when something is.
    serde_json::from_slice(bytes).or_else(|_| {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            field(if matches!(path.as_str(), "." | "?") { "" } else { &path }, &error.inner().to_string())
        })?;
        json.end().map_err(|error| field("", &error.to_string()))?;
        Ok(value)
    })
}

fn field(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}

/// A field that is wrong.
pub(crate) fn invalid(field: FieldError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", said(&field)).with_fields(vec![field])
}

/// A question that is no question.
pub(crate) fn malformed(field: FieldError) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", said(&field)).with_fields(vec![field])
}

/// What is wrong, in one line.
pub(crate) fn said(field: &FieldError) -> String {
    if field.field.is_empty() { field.message.clone() } else { format!("{}: {}", field.field, field.message) }
}

/// Tells a field that is null from one that is left out, which its default stands for.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads a field that can be left out and not be null.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
