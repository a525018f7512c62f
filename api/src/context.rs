//! Who sent a request, and what else is known of it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use tenancy::{Caller, Error, Request, Token, api_key};

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::problem::Problem;

/// The header that names a request in logs, traces and the audit log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Marks requests that came in over the control socket, which only the operator can open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverControlSocket;

/// The caller, who must be somebody: known before the body of the request is read.
pub(crate) struct Asker(pub(crate) Caller);

impl FromRequestParts<App> for Asker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if parts.extensions.get::<OverControlSocket>().is_some() {
            return Ok(Self(Caller::Operator));
        }
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
            return Err(Problem::from(Error::Unauthenticated).into_response());
        };
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| Token::parse(token.trim()));
        let Some(token) = token else {
            return Err(Problem::bad_credentials().into_response());
        };
        match api_key::authenticate(&app.db, &token).await {
            Ok(Some(caller)) => Ok(Self(caller)),
            Ok(None) => Err(Problem::bad_credentials().into_response()),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

/// What the audit log says about where a change came from.
pub(crate) struct Origin(pub(crate) Request);

impl FromRequestParts<App> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let id = parts.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, app).await?;
        Ok(Self(Request { id, ip }))
    }
}
