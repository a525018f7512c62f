//! The bytes of documents, between requests and stores.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use storage::{Error as StoreError, Key, S3, Shown, Store, Stores};
use tenancy::connection::Unreadable;
use tenancy::document::{self, Document, Place, Upload};
use tenancy::{DocumentId, Error, WorkspaceId};
use utoipa::ToSchema;

use crate::problem::Problem;

/// Bytes of any kind.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "a name for the document of the API")]
pub(crate) struct Content(Vec<u8>);

/// How long a sender may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// In what bytes differ from those that were announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Size,
    ContentType,
    Checksum,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "the size is not the one that was announced",
            Self::ContentType => "the content type is not the one that was announced",
            Self::Checksum => "the SHA-256 is not the one that was announced",
        })
    }
}

impl From<Mismatch> for Problem {
    fn from(mismatch: Mismatch) -> Self {
        Self::new(StatusCode::CONFLICT, "upload_mismatch", mismatch.to_string())
    }
}

/// The store that a document belongs into.
///
/// # Errors
/// 409 `credentials_unreadable`, or as [`failed`].
pub(crate) fn store(stores: &Stores, place: Result<Place, Unreadable>) -> Result<Store, Problem> {
    match place.map_err(Error::from)? {
        Place::Installation => Ok(stores.installation().clone()),
        Place::Connected(access) => {
            let settings: S3 = access.read().map_err(Error::from)?;
            stores.connected(&settings).map_err(|error| failed(&error))
        }
    }
}

/// The name of a document's object.
pub(crate) fn key(workspace: WorkspaceId, id: DocumentId) -> Result<Key, Problem> {
    Key::parse(&document::key(workspace, id)).map_err(|error| failed(&error))
}

/// What a store did not do. What its provider says is for the log.
pub(crate) fn failed(error: &StoreError) -> Problem {
    tracing::warn!(%error, "a store of documents failed");
    let refused = |what: &str| Problem::new(StatusCode::CONFLICT, "storage_refused", what);
    match error {
        StoreError::NotFound => Problem::new(
            StatusCode::CONFLICT,
            "content_missing",
            "the store does not have the bytes of this document",
        ),
        StoreError::Refused(_) => refused("the store does not let us do this; test its connection"),
        StoreError::Unreachable(_) => refused("the address of the store may not be connected to"),
        StoreError::Invalid(_) => refused("the settings of the store cannot be used"),
        StoreError::Unavailable(_) | StoreError::Garbage(_) | StoreError::Source(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_unavailable",
            "the store does not answer as it should; try again",
        ),
    }
}

/// Whether the bytes that a store has are those that were announced. Where the store does not know their checksum, they are
/// read, as fast as they come.
///
/// # Errors
/// 409 `not_uploaded` if nothing is there, or as [`failed`].
pub(crate) async fn compare(store: &Store, key: &Key, upload: &Upload) -> Result<Option<Mismatch>, Problem> {
    let head = store.head(key).await.map_err(|error| failed(&error))?;
    let head = head.ok_or_else(|| {
        let detail = "no bytes have come yet; send them, and say so again";
        Problem::new(StatusCode::CONFLICT, "not_uploaded", detail)
    })?;
    if i64::try_from(head.size) != Ok(upload.document.size) {
        return Ok(Some(Mismatch::Size));
    }
    if head.content_type.is_some_and(|kind| kind != upload.document.content_type) {
        return Ok(Some(Mismatch::ContentType));
    }
    match head.sha256 {
        Some(sha256) => Ok((sha256 != upload.sha256).then_some(Mismatch::Checksum)),
        None => read(store, key, upload).await,
    }
}

/// Reads what a store has. It is not read further than it should be long: a provider may not come to an end.
async fn read(store: &Store, key: &Key, upload: &Upload) -> Result<Option<Mismatch>, Problem> {
    let body = store.get(key).await.map_err(|error| failed(&error))?.body;
    let verdict = Arc::new(Mutex::new(None));
    let pieces = measured(body, upload.document.size, upload.sha256, Arc::clone(&verdict));
    let ended = pieces.try_for_each(|_| async { Ok(()) }).await;
    let verdict = *verdict.lock().unwrap_or_else(PoisonError::into_inner);
    match (ended, verdict) {
        (_, Some(mismatch)) => Ok(Some(mismatch)),
        (Ok(()), None) => Ok(None),
        (Err(error), None) => Err(failed(&StoreError::Unavailable(error.to_string()))),
    }
}

/// Streams a body into a store. What is not what was announced is cut off, and not kept.
///
/// # Errors
/// 409 `upload_mismatch`; 400 `body_unreadable` if it broke off; or as [`failed`].
pub(crate) async fn receive(
    store: &Store,
    key: &Key,
    upload: &Upload,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    let document = &upload.document;
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_some_and(|kind| kind != document.content_type.as_bytes()) {
        return Err(Mismatch::ContentType.into());
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: i64| length != document.size) {
        return Err(Mismatch::Size.into());
    }
    let verdict = Arc::new(Mutex::new(None));
    let pieces = measured(body.into_data_stream(), document.size, upload.sha256, Arc::clone(&verdict));
    let stored = store.put(key, &document.content_type, pieces).await;
    let verdict = *verdict.lock().unwrap_or_else(PoisonError::into_inner);
    match (stored, verdict) {
        (_, Some(mismatch)) => Err(mismatch.into()),
        (Err(StoreError::Source(_)), None) => {
            let detail = "the body broke off, or nothing of it came for too long";
            Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", detail))
        }
        (Err(error), None) => Err(failed(&error)),
        (Ok(_), None) => Ok(()),
    }
}

/// The pieces of a body, as long as they can be what was announced; at the end their checksum is looked at too.
fn measured<E: fmt::Display + Send + 'static>(
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    size: i64,
    sha256: [u8; 32],
    verdict: Arc<Mutex<Option<Mismatch>>>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let state = (pieces.boxed(), Sha256::new(), 0_i64);
    stream::try_unfold(state, move |(mut pieces, mut hash, mut came)| {
        let verdict = Arc::clone(&verdict);
        async move {
            let refuse = |mismatch: Mismatch| {
                *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(mismatch);
                io::Error::other(mismatch.to_string())
            };
            let next = tokio::time::timeout(SILENCE, pieces.next()).await;
            match next.map_err(|_| io::Error::other("nothing came for too long"))? {
                Some(piece) => {
                    let piece = piece.map_err(|error| io::Error::other(error.to_string()))?;
                    came = came.saturating_add(i64::try_from(piece.len()).unwrap_or(i64::MAX));
                    if came > size {
                        return Err(refuse(Mismatch::Size));
                    }
                    hash.update(&piece);
                    Ok(Some((piece, (pieces, hash, came))))
                }
                None if came != size => Err(refuse(Mismatch::Size)),
                None if <[u8; 32]>::from(hash.finalize()) != sha256 => Err(refuse(Mismatch::Checksum)),
                None => Ok(None),
            }
        }
    })
}

/// A document's bytes as an answer: to be saved, and never to be shown as a page of ours.
///
/// # Errors
/// As [`failed`].
pub(crate) async fn send(store: &Store, document: &Document) -> Result<Response, Problem> {
    let key = key(document.workspace_id, document.id)?;
    let object = store.get(&key).await.map_err(|error| failed(&error))?;
    let shown = shown(document);
    let headers = [
        (header::CONTENT_TYPE, shown.content_type.clone()),
        (header::CONTENT_DISPOSITION, shown.disposition()),
        (header::CONTENT_LENGTH, object.size.to_string()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    let body = object.body.map_err(|error| {
        tracing::warn!(%error, "the bytes of a document broke off");
        io::Error::other("the store broke off")
    });
    Ok((headers, Body::from_stream(body)).into_response())
}

/// What a browser is told about a document.
pub(crate) fn shown(document: &Document) -> Shown {
    Shown { file_name: document.name.clone(), content_type: document.content_type.clone() }
}
