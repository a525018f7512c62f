//! What forms send.

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::page::Page;
use super::same_site::is_from_elsewhere;
use super::visit::Visit;
use crate::app::App;

/// The fields of a form on one of our pages (`application/x-www-form-urlencoded`), and who sent it. What cannot be read
/// becomes a page that says so, before the handler.
pub(crate) struct Sent<T>(pub(crate) Visit, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Page;

    async fn from_request(request: Request, app: &App) -> Result<Self, Page> {
        let (mut parts, body) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, app).await;
        if is_from_elsewhere(&parts.headers, app.settings.origin()) {
            return Err(visit.failure(&Failure::Elsewhere));
        }
        match axum::extract::Form::from_request(Request::from_parts(parts, body), app).await {
            Ok(axum::extract::Form(fields)) => Ok(Self(visit, fields)),
            Err(rejection) => Err(visit.failure(&failure(&rejection))),
        }
    }
}

fn failure(rejection: &FormRejection) -> Failure {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => Failure::Malformed,
    }
}
