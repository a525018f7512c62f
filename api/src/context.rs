//! Who sent a request, and what else is known of it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use tenancy::{AccessToken, Caller, Error, Person, Request, Token, UserId, api_key, session};

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::problem::Problem;
use crate::throttle;

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
            let Some(token) = app.cookies.access_token(&parts.headers) else {
                return Err(Problem::from(Error::Unauthenticated).into_response());
            };
            FromUs::of(parts, app).check().map_err(Problem::into_response)?;
            return person(app, &token).await;
        };
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        if let Some(token) = token.and_then(AccessToken::parse) {
            return person(app, &token).await;
        }
        let token = token.and_then(Token::parse);
        let Some(token) = token else {
            return Err(Problem::bad_credentials().into_response());
        };
        match api_key::authenticate(&app.db, &token).await {
            Ok(Some(caller)) => {
                throttle::request(app, &caller).await.map_err(Problem::into_response)?;
                Ok(Self(caller))
            }
            Ok(None) => Err(Problem::bad_credentials().into_response()),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

async fn person(app: &App, token: &AccessToken) -> Result<Asker, Response> {
    match session::authenticate(&app.db, token).await {
        Ok(Some(caller)) => Ok(Asker(caller)),
        Ok(None) => Err(Problem::bad_credentials().into_response()),
        Err(error) => Err(Problem::from(error).into_response()),
    }
}

/// The person who asks, for what is about their own account. Others have none.
pub(crate) struct Me {
    pub(crate) caller: Caller,
    pub(crate) id: UserId,
}

impl FromRequestParts<App> for Me {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Asker(caller) = Asker::from_request_parts(parts, app).await?;
        match &caller {
            Caller::User(Person { id, .. }) => Ok(Self { id: *id, caller }),
            _ => Err(Problem::not_a_person().into_response()),
        }
    }
}

/// Whether a browser may do this with its cookies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromUs(bool);

impl FromUs {
    fn of(parts: &Parts, app: &App) -> Self {
        Self(app.cookies.comes_from_us(&parts.method, &parts.headers))
    }

    /// # Errors
    /// If the request comes from other pages than ours.
    pub(crate) fn check(self) -> Result<(), Problem> {
        if self.0 { Ok(()) } else { Err(Problem::cross_origin()) }
    }
}

impl FromRequestParts<App> for FromUs {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, app))
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
