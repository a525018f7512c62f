//! The way of object_store into the net, which is ours.

use http_body_util::{BodyExt as _, Full};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use reqwest::{Method, Request, Response};
use url::Url;

use super::{answer, xml};
use crate::{Client, Error};

/// Gives object_store our client, whatever else it would have made itself.
#[derive(Debug, Clone)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl HttpService for Connector {
    /// Answers that are none of success become our errors here: object_store hands them through, and would only keep
    /// some of what they say.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.send(request).await.map_err(failed)
    }
}

impl Connector {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| Error::Invalid(error.to_string()))?;
        let size = body.content_length() as u64;
        let mut request = Request::new(parts.method.clone(), url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let response = self.0.execute(request, size).await?;
        let response = answer::accept(&parts.method, response).await?;
        if parts.method == Method::POST { checked(response).await } else { Ok(streamed(response)) }
    }
}

/// The beginning and the end of an upload in parts, whose answers can be 200 and an error.
async fn checked(response: Response) -> Result<HttpResponse, Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = answer::read(response).await?;
    if let Some(told) = xml::error(&body) {
        return Err(answer::named(status.as_u16(), &told.code, &told.message));
    }
    let body = Full::new(body).map_err(|never| match never {});
    let mut answer = HttpResponse::new(HttpResponseBody::new(body));
    (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
    Ok(answer)
}

fn streamed(response: Response) -> HttpResponse {
    let response: http::Response<reqwest::Body> = response.into();
    response.map(|body| HttpResponseBody::new(body.map_err(|error| failed(Client::failed(error)))))
}

/// Says what may be sent again, and keeps the error to be found by `answer::translate`.
fn failed(error: Error) -> HttpError {
    let kind = match error {
        Error::Unavailable(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
