//! What an answer means that is not the one hoped for.

use std::error::Error as _;

use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response};

use super::xml;
use crate::client::PATIENCE;
use crate::error::Refusal;
use crate::{Client, Error};

/// How much is read of an answer, in bytes. A list of 1000 keys of 1024 bytes, each escaped, is smaller.
const LONGEST: usize = 8 * 1024 * 1024;

/// How much is kept of what a provider says, in characters.
const SENTENCE: usize = 200;

/// Reads an answer that is expected to be short.
pub(super) async fn read(mut response: Response) -> Result<Bytes, Error> {
    let mut read = BytesMut::new();
    loop {
        let Ok(piece) = tokio::time::timeout(PATIENCE, response.chunk()).await else {
            return Err(Error::Unavailable("the answer broke off".to_owned()));
        };
        let Some(piece) = piece.map_err(Client::failed)? else { return Ok(read.freeze()) };
        read.extend_from_slice(&piece);
        if read.len() > LONGEST {
            return Err(Error::Garbage("the answer does not end".to_owned()));
        }
    }
}

/// Gives the answer back if it is one of success.
pub(super) async fn accept(method: &Method, response: Response) -> Result<Response, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    // An answer to HEAD has no body, and so no word of the provider.
    if method == Method::HEAD {
        return Err(refusal(status.as_u16(), None));
    }
    let body = read(response).await?;
    Err(refusal(status.as_u16(), Some(&body)))
}

/// Reads the answer to a deletion, which says nothing. One that says something comes from somebody else.
pub(super) async fn gone(answer: Result<Response, Error>) -> Result<(), Error> {
    match answer {
        Ok(response) => match read(response).await?.as_ref() {
            [] => Ok(()),
            _ => Err(Error::Garbage("the answer to a deletion is no answer of S3".to_owned())),
        },
        Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The error that an answer of this status tells of.
fn refusal(status: u16, body: Option<&[u8]>) -> Error {
    let told = body.and_then(xml::error);
    match (status, body, told) {
        (404, None, _) => Error::NotFound,
        // Whoever answers so is no S3, and must not make us believe that something is gone.
        (404, Some(_), None) => Error::Garbage("404 without a code of S3".to_owned()),
        (_, _, Some(told)) => named(status, &told.code, &told.message),
        (_, _, None) => named(status, "", ""),
    }
}

/// The error of this name. The status is that of the answer, or of what it would have been alone.
pub(super) fn named(status: u16, code: &str, message: &str) -> Error {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
    let message: String = message.chars().filter(|c| !c.is_control()).take(SENTENCE).collect();
    match (code.as_str(), status) {
        ("NoSuchKey" | "NoSuchVersion" | "NoSuchUpload", _) => Error::NotFound,
        ("NotImplemented" | "MethodNotAllowed", _) | (_, 501 | 405) => {
            Error::Refused(Refusal { status, code, message })
        }
        ("InvalidRange", _) | (_, 416) => Error::Invalid("the range begins behind the end".to_owned()),
        ("InternalError" | "SlowDown" | "ServiceUnavailable" | "RequestTimeout" | "OperationAborted", _)
        // A bucket that has just been made is elsewhere for a while.
        | (_, 307 | 408 | 429 | 500..) => Error::Unavailable(format!("{status} {code} {message}").trim_end().to_owned()),
        _ => Error::Refused(Refusal { status, code, message }),
    }
}

/// What an error of object_store means: ours, which the connector gave it, or an answer that it did not understand.
pub(super) fn translate(error: &object_store::Error) -> Error {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(ours) = inner.downcast_ref::<Error>() {
            return ours.clone();
        }
        source = inner.source();
    }
    Error::Garbage(error.to_string().chars().filter(|c| !c.is_control()).take(SENTENCE).collect())
}
