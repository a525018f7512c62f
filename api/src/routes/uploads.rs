//! How the bytes of documents come.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use storage::{Declared, Presigned, Store, UploadId};
use tenancy::document::{self, Addresses, Document, DocumentLink, DocumentState, LinkKind, Upload};
use tenancy::{Caller, DocumentId, Error, Request, Tx, WorkspaceId, document_action as action};
use utoipa::ToSchema;

use super::upload_parts::{SentPart, join};
use crate::app::App;
use crate::body::{OptionalJson, Path};
use crate::content::{self, Content, Mismatch};
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;

/// What is larger is sent in parts, where the store takes parts.
pub(super) const ONE_PIECE: i64 = 64 << 20;

/// How often a document whose bytes are on their way is kept awaited: well within the shortest lifetime of an address.
const BEAT: Duration = Duration::from_secs(20);

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

/// The parts that were sent.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteUpload {
    /// Every part; nothing for what was sent in one piece.
    #[serde(default)]
    parts: Vec<SentPart>,
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
pub(super) fn left(now: DateTime<Utc>, document: &Document) -> Duration {
    (document.upload_expires_at - now).to_std().unwrap_or_default()
}

/// Does what takes its time with the bytes of a document. It is awaited all the while; if it is not any more, the work is
/// dropped.
async fn while_awaited<T>(
    app: &App,
    request: &Request,
    caller: &Caller,
    at: (WorkspaceId, DocumentId),
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let mut work = pin!(work);
    let mut until = await_longer(app, request, caller, at).await?;
    loop {
        if let Ok(done) = tokio::time::timeout(BEAT, work.as_mut()).await {
            return done;
        }
        match await_longer(app, request, caller, at).await {
            Ok(later) => until = later,
            // It is awaited all the same, for a while.
            Err(problem) if problem.is_ours() && app.db.now() < until => {
                tracing::warn!(?problem, document_id = %at.1, "an upload could not be kept awaited");
            }
            Err(problem) => return Err(problem),
        }
    }
}

/// Until when more bytes may come now.
pub(super) async fn await_longer(
    app: &App,
    request: &Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
) -> Result<DateTime<Utc>, Problem> {
    let mut tx = app.db.begin(request.clone()).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    let until = document::await_longer(&mut tx, &allowed, id, app.settings.upload_lifetime).await?;
    tx.commit().await?;
    Ok(until)
}

/// An upload of the caller's own.
pub(super) async fn awaited(
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
pub(super) fn insist(awaited: &Upload, now: DateTime<Utc>) -> Result<(), Problem> {
    if awaited.document.state != DocumentState::Uploading {
        let detail = "the bytes of this document are there already";
        return Err(Problem::new(StatusCode::CONFLICT, "already_uploaded", detail));
    }
    if left(now, &awaited.document).is_zero() {
        return Err(Error::Gone("the time for this upload is over").into());
    }
    Ok(())
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
    let compared = async {
        if let Some(upload) = &awaited.upload_id {
            join(&store, &key, &UploadId(upload.clone()), body.parts).await?;
        }
        content::compare(&store, &key, &awaited).await
    };
    let upload = awaited.upload_id.as_deref();
    match while_awaited(&app, &request, &caller, (workspace, id), compared).await {
        Ok(None) => finish(&app, request, &caller, (workspace, id), upload, &store).await,
        Ok(Some(mismatch)) => Err(give_up(&app, request, &caller, (workspace, id), mismatch).await?),
        Err(problem) if problem.is_not_found() => {
            // Somebody else may have said it meanwhile.
            let (now, _) = self::awaited(&app, request, &caller, (workspace, id)).await?;
            match now.document.state {
                DocumentState::Ready => Ok(axum::Json(now.document).into_response()),
                _ => Err(problem),
            }
        }
        Err(problem) => Err(problem),
    }
}

async fn finish(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
    upload: Option<&str>,
    store: &Store,
) -> Result<Response, Problem> {
    let addresses = if store.signs_addresses() { Addresses::Signed } else { Addresses::Own };
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    let document = document::finish(&mut tx, &allowed, id, upload, addresses).await?;
    Ok((At(tx.commit().await?), axum::Json(document)).into_response())
}

/// What came is erased by a job.
async fn give_up(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
    mismatch: Mismatch,
) -> Result<Problem, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize_with::<action::Create>(caller, workspace, document::nothing()).await?;
    document::give_up(&mut tx, &allowed, id, &mismatch.to_string()).await?;
    tx.commit().await?;
    Ok(mismatch.into())
}

/// Send a document through the API
///
/// The bytes are compared while they come, and the document is ready afterwards. What differs is not kept; it can be sent
/// again.
#[utoipa::path(
    put, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/content", tag = "documents",
    request_body(content = Content, description = "The bytes", content_type = "application/octet-stream"),
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The document, which is ready", body = Document),
        (status = 404, description = "You have announced no such document", body = Problem),
        (
            status = 409,
            description = "`upload_mismatch`; `already_uploaded`; `sent_in_parts`; `storage_refused`; `credentials_unreadable`",
            body = Problem,
        ),
        (status = 410, description = "The time for the upload is over", body = Problem),
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
    let store = receive(&app, request.clone(), &caller, (workspace, id), &headers, body).await?;
    finish(&app, request, &caller, (workspace, id), None, &store).await
}

/// Send a document to an address
///
/// What `POST …/documents` answers where the store has no addresses of its own. Say `…/complete` afterwards.
#[utoipa::path(
    put, path = "/api/v1/uploads/{token}", tag = "documents",
    request_body(content = Content, description = "The bytes", content_type = "application/octet-stream"),
    params(("token" = String, Path, description = "From the address")),
    responses(
        (status = 204, description = "They are there"),
        (status = 403, description = "Whoever asked for the address may not any more", body = Problem),
        (status = 409, description = "`upload_mismatch`; `already_uploaded`; `sent_in_parts`; `storage_refused`", body = Problem),
        (status = 410, description = "The time of the address is over", body = Problem),
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

/// Takes bytes that are awaited, and tells where they are. What was deleted while they came is not kept.
async fn receive(
    app: &App,
    request: Request,
    caller: &Caller,
    at: (WorkspaceId, DocumentId),
    headers: &HeaderMap,
    body: Body,
) -> Result<Store, Problem> {
    let (before, now) = awaited(app, request.clone(), caller, at).await?;
    insist(&before, now)?;
    if before.upload_id.is_some() {
        return Err(document::in_parts().into());
    }
    let (store, key) = (content::store(&app.stores, before.place.clone())?, content::key(at.0, at.1)?);
    let received = content::receive(&store, &key, &before, headers, body);
    let received = while_awaited(app, &request, caller, at, received).await;
    if received.as_ref().is_err_and(Problem::is_not_found) {
        let (meanwhile, now) = awaited(app, request.clone(), caller, at).await?;
        insist(&meanwhile, now)?;
    }
    received?;
    let after = awaited(app, request, caller, at).await;
    if after.as_ref().is_err_and(Problem::is_not_found) {
        store.delete(&key).await.map_err(|error| content::failed(&error))?;
    }
    after.map(|_| store)
}
