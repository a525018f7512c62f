//! Documents: what is known of them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenancy::document::{self, Document, DocumentFilter, DocumentSort, NewDocument};
use tenancy::{ConnectionId, DocumentId, UserId, WorkspaceId, connection_action, document_action as action};
use utoipa::{IntoParams, ToSchema};

use super::uploads::UploadAddress;
use crate::app::App;
use crate::body::{Path, Query};
use crate::checksum::Checksum;
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created, IdempotencyHeader};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::problem::Problem;
use crate::revision::At;

/// Which documents, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentsQuery {
    /// With this in their name, in whatever case.
    search: Option<String>,
    /// Of this media type, or one that begins so, such as `image/`.
    content_type: Option<String>,
    /// That this person stored.
    owner_id: Option<UserId>,
    /// By what; with a dash from the other end.
    #[serde(default = "newest")]
    #[param(inline, default = "-created_at")]
    sort: DocumentSort,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

fn newest() -> DocumentSort {
    DocumentSort::Newest
}

impl From<DocumentsQuery> for (ListQuery, DocumentFilter) {
    fn from(query: DocumentsQuery) -> Self {
        let DocumentsQuery { search, content_type, owner_id, sort, page, limit, fields } = query;
        (ListQuery::new(page, limit, fields), DocumentFilter { search, content_type, owner: owner_id, sort })
    }
}

/// A page of documents.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct DocumentList {
    documents: Vec<Document>,
    #[serde(flatten)]
    page: PageView,
}

/// A document that is going to be stored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDocument {
    /// The name of the file; no path.
    #[schema(min_length = 1, max_length = 255, example = "minutes.pdf")]
    name: String,
    /// The media type.
    #[schema(max_length = 255, example = "application/pdf")]
    content_type: String,
    /// In bytes; at most 5 TiB.
    #[schema(minimum = 0)]
    size: i64,
    /// The SHA-256 of the bytes, in hexadecimal digits or in Base64.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: Checksum,
    /// By which connection it is stored; in the store of the installation, if left out.
    #[serde(default)]
    connection_id: Option<ConnectionId>,
}

/// A document, and where its bytes are sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnnouncedDocument {
    #[serde(flatten)]
    document: Document,
    /// How the bytes are sent. Null: they are so many that they are sent in parts, `POST …/parts`.
    upload: Option<UploadAddress>,
}

/// List a workspace's documents
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace_id}/documents", tag = "documents",
    params(("workspace_id" = WorkspaceId, Path, description = "The workspace"), DocumentsQuery),
    responses(
        (status = 200, description = "A page of documents; those that are awaited, if you announced them", body = DocumentList),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such workspace", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(workspace): Path<WorkspaceId>,
    Query(query): Query<DocumentsQuery>,
) -> Result<impl IntoResponse, Problem> {
    let (query, filter): (ListQuery, DocumentFilter) = query.into();
    let page = query.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, workspace).await?;
    query.json("documents", document::list(&mut tx, &allowed, &filter, page).await?)
}

/// Announce a document
///
/// Its bytes are reserved, and can be sent until `upload_expires_at`. Then `POST …/complete` makes it ready.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace_id}/documents", tag = "documents", request_body = CreateDocument,
    params(("workspace_id" = WorkspaceId, Path, description = "The workspace"), IdempotencyHeader),
    responses(
        (status = 201, description = "The document, and where its bytes are sent", body = AnnouncedDocument),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such workspace or connection", body = Problem),
        (
            status = 409,
            description = "`quota_exceeded`: yours; `limit_reached`: the organization's; `wrong_connection`; \
                           `credentials_unreadable`; `storage_refused`",
            body = Problem,
        ),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(workspace): Path<WorkspaceId>,
    new: Create<CreateDocument>,
) -> Result<Response, Problem> {
    new.run(&app, request, &caller, async |tx, body| {
        let CreateDocument { name, content_type, size, sha256: Checksum(sha256), connection_id } = body;
        let new = NewDocument { name, content_type, size, sha256 };
        let context = document::context(tx, workspace, size).await?;
        let allowed = tx.authorize_with::<action::Create>(&caller, workspace, context).await?;
        let by = match connection_id {
            Some(id) => Some(tx.authorize::<connection_action::Use>(&caller, id).await?),
            None => None,
        };
        let lifetime = app.settings.upload_lifetime;
        let document = document::begin(tx, &allowed, by.as_ref(), &new, lifetime).await?;
        let awaited = document::upload(tx, &allowed, document.id).await?;
        let upload = UploadAddress::of(&app, tx, &caller, &awaited)?;
        let path = format!("/api/v1/workspaces/{workspace}/documents/{}", document.id);
        Ok(Created::at(path, AnnouncedDocument { document, upload }))
    })
    .await
}

/// See a document
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
        FieldsQuery,
    ),
    responses(
        (status = 200, description = "The document", body = Document),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such document", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
    Query(fields): Query<FieldsQuery>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Read>(&caller, id).await?;
    document::check_home(&mut tx, &allowed, workspace).await?;
    fields.json(document::get(&mut tx, &allowed).await?)
}

/// Delete a document
///
/// It is out of reach at once. Its bytes are erased in the background, and its quota is given back then.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "No such document", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Delete>(&caller, id).await?;
    document::check_home(&mut tx, &allowed, workspace).await?;
    document::delete(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
