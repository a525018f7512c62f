//! How the bytes of documents are fetched.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use storage::Store;
use tenancy::document::{self, Document, DocumentLink, DocumentState, LinkKind};
use tenancy::{Caller, DocumentId, Error, Request, WorkspaceId, document_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Path;
use crate::content::{self, Content};
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// Where a document can be fetched. Whoever has the address can use it until it ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct DownloadAddress {
    /// The address, for `GET`.
    url: String,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

/// A document whose bytes are there, the store that has them, and the moment of that.
async fn ready(
    app: &App,
    request: Request,
    caller: &Caller,
    (workspace, id): (WorkspaceId, DocumentId),
) -> Result<(Document, Store), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Read>(caller, id).await?;
    document::check_home(&mut tx, &allowed, workspace).await?;
    let document = document::get(&mut tx, &allowed).await?;
    match document.state {
        DocumentState::Ready => {}
        DocumentState::Deleting => return Err(Error::NotFound("document").into()),
        DocumentState::Uploading => {
            let detail = "the bytes of this document have not come yet";
            return Err(Problem::new(StatusCode::CONFLICT, "not_ready", detail));
        }
    }
    let place = document::place(&mut tx, &allowed).await?;
    Ok((document, content::store(&app.stores, place)?))
}

/// Get an address to fetch a document from
///
/// For browsers and others who have no token. The file is saved under its name, and never opened in place.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/download", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The address", body = DownloadAddress),
        (status = 409, description = "`not_ready`; `storage_refused`; `credentials_unreadable`", body = Problem),
    ),
)]
pub(crate) async fn address(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
) -> Result<axum::Json<DownloadAddress>, Problem> {
    let (document, store) = ready(&app, request.clone(), &caller, (workspace, id)).await?;
    let tx = app.db.begin(request).await?;
    let (now, lifetime, key) = (tx.now(), app.settings.upload_lifetime, content::key(workspace, id)?);
    if let Some(signed) = store.presign_get(&key, &content::shown(&document), lifetime, now) {
        return Ok(axum::Json(DownloadAddress { url: signed.url.into(), expires_at: signed.expires_at }));
    }
    let user = caller.person().ok_or(Error::Unauthenticated)?.id;
    let ends = now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::hours(1));
    let token = DocumentLink::new(LinkKind::Download, user, &document, ends).token(&tx);
    let url = format!("{}/api/v1/downloads/{token}", app.settings.public_url);
    Ok(axum::Json(DownloadAddress { url, expires_at: ends }))
}

/// Fetch a document through the API
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/content", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The bytes, of the document's own content type", content_type = "*/*", body = Content),
        (
            status = 409,
            description = "`not_ready`; `content_missing`; `storage_refused`; `credentials_unreadable`",
            body = Problem,
        ),
    ),
)]
pub(crate) async fn content(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
) -> Result<Response, Problem> {
    let (document, store) = ready(&app, request, &caller, (workspace, id)).await?;
    content::send(&store, &document).await
}

/// Fetch a document from an address
///
/// What `POST …/download` answers where the store has no addresses of its own.
#[utoipa::path(
    get, path = "/api/v1/downloads/{token}", tag = "documents",
    params(("token" = String, Path, description = "From the address")),
    responses(
        (status = 200, description = "The bytes, of the document's own content type", content_type = "*/*", body = Content),
        (status = 403, description = "Whoever asked for the address may not any more", body = Problem),
        (status = 409, description = "`content_missing`; `storage_refused`", body = Problem),
        (status = 410, description = "The time of the address is over", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Origin(request): Origin,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let tx = app.db.begin(request.clone()).await?;
    let link = DocumentLink::parse(&tx, LinkKind::Download, &token)?;
    drop(tx);
    let (document, store) = ready(&app, request, &link.caller(), (link.workspace, link.document)).await?;
    content::send(&store, &document).await
}
