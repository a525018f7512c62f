//! A person's data, packed for them.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use storage::Key;
use tenancy::export::{self, Export, ExportState};
use tenancy::{Error, ExportId, user_action as user};

use crate::app::App;
use crate::body::{Path, Query};
use crate::content::{Content, failed};
use crate::context::{Me, Origin};
use crate::list::{Fields, Listing, page};
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of exports.
    ExportList { exports: Export }
);

/// Have your data packed
///
/// All that is stored about you as JSON, and your files, in one archive. It takes a while; a mail tells when it is
/// there.
#[utoipa::path(
    post, path = "/api/v1/me/exports", tag = "me",
    responses(
        (status = 202, description = "It is being packed", body = Export),
        (status = 409, description = "`export_under_way`: one is being packed already", body = Problem),
    ),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::Export>(&caller, id).await?;
    let export = export::ask(&mut tx, &allowed).await?;
    let place = format!("/api/v1/me/exports/{}", export.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], At(tx.commit().await?), axum::Json(export)))
}

/// List your exports
#[utoipa::path(
    get, path = "/api/v1/me/exports", tag = "me", params(Listing),
    responses((status = 200, description = "A page of exports, newest first", body = ExportList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::ListExports>(&caller, id).await?;
    list.json(ExportList::from(export::list(&mut tx, &allowed, list.page).await?))
}

/// See how far an export is
#[utoipa::path(
    get, path = "/api/v1/me/exports/{export_id}", tag = "me",
    params(("export_id" = ExportId, Path, description = "The export"), Fields),
    responses((status = 200, description = "The export", body = Export)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
    Path(export): Path<ExportId>,
    Query(fields): Query<Fields>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::ListExports>(&caller, id).await?;
    fields.json(export::get(&mut tx, &allowed, export).await?)
}

/// Fetch an export
///
/// The archive itself (ZIP).
#[utoipa::path(
    get, path = "/api/v1/me/exports/{export_id}/content", tag = "me",
    params(("export_id" = ExportId, Path, description = "The export")),
    responses(
        (status = 200, description = "The archive", body = Content, content_type = "application/zip"),
        (status = 409, description = "`export_not_ready`: it is still being packed, or could not be", body = Problem),
        (status = 410, description = "`export_expired`: its time is over", body = Problem),
    ),
)]
pub(crate) async fn content(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
    Path(export): Path<ExportId>,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::ListExports>(&caller, id).await?;
    let found = export::get(&mut tx, &allowed, export).await?;
    drop(tx);
    match found.state {
        ExportState::Ready => {}
        ExportState::Expired => {
            return Err(Problem::new(
                StatusCode::GONE,
                "export_expired",
                "it was removed; ask for a new one",
            ));
        }
        ExportState::Pending | ExportState::Failed => {
            return Err(Error::conflict("export_not_ready", "there is nothing to fetch").into());
        }
    }
    let key = Key::parse(&export::key(id, export)).map_err(|error| failed(&error))?;
    let object = app.stores.installation().get(&key).await.map_err(|error| failed(&error))?;
    let name =
        format!("attachment; filename=\"doorward-export-{}.zip\"", found.requested_at.format("%Y-%m-%d"));
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_LENGTH, HeaderValue::from(object.size)),
        (header::CONTENT_DISPOSITION, name),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(object.body)).into_response())
}

/// Remove an export
///
/// It cannot be fetched any more from now on.
#[utoipa::path(
    delete, path = "/api/v1/me/exports/{export_id}", tag = "me",
    params(("export_id" = ExportId, Path, description = "The export")),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "`export_not_ready`: there is no archive", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Me { caller, id }: Me,
    Origin(request): Origin,
    Path(export): Path<ExportId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user::Export>(&caller, id).await?;
    export::remove(&mut tx, &allowed, export).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
