//! How the bytes of documents come.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use storage::{Declared, Part, Presigned, Store, UploadId};
use tenancy::document::{self, Document, DocumentLink, DocumentState, LinkKind, Upload};
use tenancy::{Caller, DocumentId, Error, Request, Tx, WorkspaceId, document_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{OptionalJson, Path};
use crate::content::{self, Mismatch};
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;

/// What is larger is sent in parts, where the store takes parts.
const ONE_PIECE: i64 = 64 << 20;

/// In so many parts at most, unless they would be larger than 4 GiB.
const PARTS: i64 = 1_000;
const LARGEST_PART: i64 = 4 << 30;

/// How bytes are sent: this method, to this address, with these headers. Whoever has the address can use it until it ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadAddress {
    /// The method.
    #[schema(example = "PUT")]
    method: String,
    /// The address.
    url: String,
    /// Headers that have to be sent just so. Browsers set `content-length` by themselves.
    headers: BTreeMap<String, String>,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

/// How one part is sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartAddress {
    /// The number of the part, from 1.
    number: u16,
    /// In bytes; all but the last are alike.
    size: i64,
    /// How it is sent. Keep the `ETag` of the answer for `…/complete`.
    #[serde(flatten)]
    address: UploadAddress,
}

/// How a document is sent in parts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadParts {
    /// Every part.
    upload_parts: Vec<PartAddress>,
}

/// The parts that were sent.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteUpload {
    /// Every part; nothing for what was sent in one piece.
    #[serde(default)]
    parts: Vec<SentPart>,
}

/// A part that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentPart {
    /// Its number.
    number: u16,
    /// The `ETag` of the store's answer.
    #[schema(max_length = 200)]
    etag: String,
}

impl From<Presigned> for UploadAddress {
    fn from(signed: Presigned) -> Self {
        Self {
            method: signed.method.to_owned(),
            url: signed.url.into(),
            headers: signed.headers.into_iter().collect(),
            expires_at: signed.expires_at,
        }
    }
}

impl UploadAddress {
    /// Where a document is sent in one piece; none if it is too large for that.
    pub(super) fn of(app: &App, tx: &Tx, caller: &Caller, awaited: &Upload) -> Result<Option<Self>, Problem> {
        let document = &awaited.document;
        let store = content::store(&app.stores, awaited.place.clone())?;
        let declared = Declared {
            content_type: document.content_type.clone(),
            size: u64::try_from(document.size).unwrap_or_default(),
            sha256: awaited.sha256,
        };
        let key = content::key(document.workspace_id, document.id)?;
        let signed = store.presign_put(&key, &declared, left(tx.now(), document), tx.now());
        match signed {
            Some(_) if document.size > ONE_PIECE => Ok(None),
            Some(signed) => Ok(Some(signed.into())),
            None => Self::ours(app, tx, caller, document).map(Some),
        }
    }

    /// Through us, where the store has no addresses.
    fn ours(app: &App, tx: &Tx, caller: &Caller, document: &Document) -> Result<Self, Problem> {
        let user = caller.person().ok_or(Error::Unauthenticated)?.id;
        let ends = document.upload_expires_at;
        let token = DocumentLink::new(LinkKind::Upload, user, document, ends).token(tx);
        let headers =
            [("content-length", document.size.to_string()), ("content-type", document.content_type.clone())];
        Ok(Self {
            method: "PUT".to_owned(),
            url: format!("{}/api/v1/uploads/{token}", app.settings.public_url),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            expires_at: ends,
        })
    }
}

/// How long bytes may still come.
fn left(now: DateTime<Utc>, document: &Document) -> Duration {
    (document.upload_expires_at - now).to_std().unwrap_or_default()
}

/// An upload of the caller's own.
async fn awaited(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
) -> Result<(Upload, DateTime<Utc>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    Ok((document::upload(&mut tx, &allowed, id).await?, tx.now()))
}

/// Insists that bytes are awaited, and may still come.
fn insist(awaited: &Upload, now: DateTime<Utc>) -> Result<(), Problem> {
    if awaited.document.state != DocumentState::Uploading {
        let detail = "the bytes of this document are there already";
        return Err(Problem::new(StatusCode::CONFLICT, "already_uploaded", detail));
    }
    if left(now, &awaited.document).is_zero() {
        return Err(Error::Gone("the time for this upload is over").into());
    }
    Ok(())
}

/// Send a document in parts
///
/// Gives an address for each part. Asked again, it gives addresses for the same upload.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/parts", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The addresses", body = UploadParts),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You have announced no such document", body = Problem),
        (
            status = 409,
            description = "`no_parts`: the store takes it in one piece; `already_uploaded`; `storage_refused`; \
                           `credentials_unreadable`",
            body = Problem,
        ),
        (status = 410, description = "The time for the upload is over", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn parts(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
) -> Result<axum::Json<UploadParts>, Problem> {
    let (awaited, now) = awaited(&app, request.clone(), &caller, (workspace, id)).await?;
    insist(&awaited, now)?;
    let (store, key) = (content::store(&app.stores, awaited.place.clone())?, content::key(workspace, id)?);
    let upload = match &awaited.upload_id {
        Some(known) => UploadId(known.clone()),
        None => {
            let begun = store.begin_parts(&key, &awaited.document.content_type).await;
            let begun = begun.map_err(|error| content::failed(&error))?.ok_or_else(no_parts)?;
            keep(&app, request, &caller, (workspace, id), &store, begun).await?
        }
    };
    let (size, lifetime) = (part_size(awaited.document.size), left(now, &awaited.document));
    let mut upload_parts = vec![];
    let mut at = 0;
    while at < awaited.document.size.max(1) {
        let number = u16::try_from(upload_parts.len() + 1).unwrap_or(u16::MAX);
        let size = size.min(awaited.document.size - at);
        let bytes = u64::try_from(size).unwrap_or_default();
        let signed = store.presign_part(&key, &upload, number, bytes, lifetime, now).ok_or_else(no_parts)?;
        upload_parts.push(PartAddress { number, size, address: signed.into() });
        at += size.max(1);
    }
    Ok(axum::Json(UploadParts { upload_parts }))
}

fn no_parts() -> Problem {
    let detail = "the store takes this document in one piece";
    Problem::new(StatusCode::CONFLICT, "no_parts", detail)
}

/// In whole MiB, so that there are about a thousand at most.
fn part_size(size: i64) -> i64 {
    let mib = 1 << 20;
    ((size / PARTS + mib) / mib * mib).clamp(ONE_PIECE, LARGEST_PART)
}

/// Writes down which upload it is. If somebody else has begun one meanwhile, theirs is the one.
async fn keep(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
    store: &Store,
    begun: UploadId,
) -> Result<UploadId, Problem> {
    let kept = async {
        let mut tx = app.db.begin(request).await?;
        let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
        let kept = document::set_parts(&mut tx, &allowed, id, &begun.0).await?;
        tx.commit().await?;
        Ok::<_, Error>(UploadId(kept))
    };
    let kept = kept.await;
    if kept.as_ref().ok() != Some(&begun)
        && let Err(error) = store.abort_parts(&content::key(workspace, id)?, &begun).await
    {
        tracing::warn!(%error, document_id = %id, "an upload in parts was left behind; it is swept");
    }
    Ok(kept?)
}

/// Say that a document's bytes are there
///
/// They are compared with what was announced. If they differ, they are erased, and the document is gone. Saying it again
/// changes nothing.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/complete", tag = "documents",
    request_body = Option<CompleteUpload>,
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The document, which is ready", body = Document),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You have announced no such document, or its time was over", body = Problem),
        (
            status = 409,
            description = "`upload_mismatch`: it is not what was announced, and gone; `not_uploaded`: nothing has come; \
                           `storage_refused`; `credentials_unreadable`",
            body = Problem,
        ),
        (status = 422, description = "Not valid; the parts are wanted", body = Problem),
    ),
)]
pub(crate) async fn complete(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
    OptionalJson(body): OptionalJson<CompleteUpload>,
) -> Result<Response, Problem> {
    let (awaited, _) = awaited(&app, request.clone(), &caller, (workspace, id)).await?;
    if awaited.document.state == DocumentState::Ready {
        return Ok(axum::Json(awaited.document).into_response());
    }
    let (store, key) = (content::store(&app.stores, awaited.place.clone())?, content::key(workspace, id)?);
    if let Some(upload) = &awaited.upload_id {
        join(&store, &key, &UploadId(upload.clone()), body.parts).await?;
    }
    match content::compare(&store, &key, &awaited).await? {
        None => finish(&app, request, &caller, (workspace, id)).await,
        Some(mismatch) => Err(give_up(&app, request, &caller, (workspace, id), &store, mismatch).await?),
    }
}

async fn join(
    store: &Store,
    key: &storage::Key,
    upload: &UploadId,
    sent: Vec<SentPart>,
) -> Result<(), Problem> {
    if sent.is_empty() {
        return Err(Error::invalid("parts", "this document is sent in parts: number and ETag of each").into());
    }
    let mut parts: Vec<Part> =
        sent.into_iter().map(|part| Part { number: part.number, etag: part.etag }).collect();
    parts.sort_by_key(|part| part.number);
    match store.complete_parts(key, upload, &parts).await {
        // Nothing is there, or it was done before and the answer was lost: a look at the object tells.
        Ok(()) | Err(storage::Error::NotFound) => Ok(()),
        Err(error) => Err(content::failed(&error)),
    }
}

async fn finish(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    let document = document::finish(&mut tx, &allowed, id).await?;
    Ok((At(tx.commit().await?), axum::Json(document)).into_response())
}

/// What came is erased at once if the store lets us, and by a job else.
async fn give_up(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
    store: &Store,
    mismatch: Mismatch,
) -> Result<Problem, Problem> {
    let mut tx = app.db.begin(request.clone()).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    let job = document::give_up(&mut tx, &allowed, id, &mismatch.to_string()).await?;
    tx.commit().await?;
    if let Some(job) = job {
        match store.delete(&content::key(workspace, id)?).await {
            Ok(()) => {
                let mut tx = app.db.begin(request).await?;
                let allowed =
                    tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
                document::given_up(&mut tx, &allowed, &job).await?;
                tx.commit().await?;
            }
            Err(error) => tracing::warn!(%error, document_id = %id, "a job erases it later"),
        }
    }
    Ok(mismatch.into())
}

/// Send a document through the API
///
/// The bytes are compared while they come, and the document is ready afterwards. What differs is not kept; it can be sent
/// again.
#[utoipa::path(
    put, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/content", tag = "documents",
    request_body(content = Vec<u8>, description = "The bytes", content_type = "application/octet-stream"),
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The document, which is ready", body = Document),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You have announced no such document", body = Problem),
        (
            status = 409,
            description = "`upload_mismatch`; `already_uploaded`; `storage_refused`; `credentials_unreadable`",
            body = Problem,
        ),
        (status = 410, description = "The time for the upload is over", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn put_content(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    receive(&app, request.clone(), &caller, (workspace, id), &headers, body).await?;
    finish(&app, request, &caller, (workspace, id)).await
}

/// Send a document to an address
///
/// What `POST …/documents` answers where the store has no addresses of its own. Say `…/complete` afterwards.
#[utoipa::path(
    put, path = "/api/v1/uploads/{token}", tag = "documents", security(()),
    request_body(content = Vec<u8>, description = "The bytes", content_type = "application/octet-stream"),
    params(("token" = String, Path, description = "From the address")),
    responses(
        (status = 204, description = "They are there"),
        (status = 403, description = "Whoever asked for the address may not any more", body = Problem),
        (status = 404, description = "No such address", body = Problem),
        (status = 409, description = "`upload_mismatch`; `already_uploaded`; `storage_refused`", body = Problem),
        (status = 410, description = "The time of the address is over", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn put(
    State(app): State<App>,
    Origin(request): Origin,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let tx = app.db.begin(request.clone()).await?;
    let link = DocumentLink::parse(&tx, LinkKind::Upload, &token)?;
    drop(tx);
    receive(&app, request, &link.caller(), (link.workspace, link.document), &headers, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes bytes that are awaited. What was deleted while they came is not kept.
async fn receive(
    app: &App,
    request: Request,
    caller: &Caller,
    at: (WorkspaceId, DocumentId),
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    let (before, now) = awaited(app, request.clone(), caller, at).await?;
    insist(&before, now)?;
    let (store, key) = (content::store(&app.stores, before.place.clone())?, content::key(at.0, at.1)?);
    content::receive(&store, &key, &before, headers, body).await?;
    let after = awaited(app, request, caller, at).await;
    if after.as_ref().is_err_and(Problem::is_not_found) {
        store.delete(&key).await.map_err(|error| content::failed(&error))?;
    }
    after.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves DOC-1
    #[test]
    fn parts_are_few_and_not_too_large_for_any_size() {
        for size in [0, 1, ONE_PIECE + 1, 1 << 30, (64 << 30) + 1, 1 << 40, 5 << 40] {
            let part = part_size(size);
            assert!((ONE_PIECE..=LARGEST_PART).contains(&part) && part % (1 << 20) == 0, "{size}: {part}");
            assert!((size + part - 1) / part <= 1_280, "{size}: {part}");
        }
    }
}
