//! What is done once for each key: the first time it is made, after that it is told again.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenancy::{Once, Revision};

use crate::revision::At;

/// 201 for what was done now, 200 for what was done before.
pub(crate) fn answer<T: Serialize>(revision: Revision, done: Once<T>) -> Response {
    let status = match done {
        Once::Now(_) => StatusCode::CREATED,
        Once::Before(_) => StatusCode::OK,
    };
    (status, At(revision), axum::Json(done.into_inner())).into_response()
}
