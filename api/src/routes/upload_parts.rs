//! How the bytes of large documents come: in parts.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storage::{Part, Store, UploadId};
use tenancy::document;
use tenancy::{Caller, DocumentId, Error, Request, WorkspaceId, document_action as action};
use utoipa::ToSchema;

use super::uploads::{ONE_PIECE, UploadAddress, await_longer, awaited, insist, left};
use crate::app::App;
use crate::body::Path;
use crate::content;
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// In so many parts at most, unless they would be larger than 4 GiB.
const PARTS: i64 = 1_000;
const LARGEST_PART: i64 = 4 << 30;

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

/// Send a document in parts
///
/// Gives an address for each part. Asked again, it gives addresses for the same upload that are good for longer, up to seven
/// days after the document was announced.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace_id}/documents/{document_id}/parts", tag = "documents",
    params(
        ("workspace_id" = WorkspaceId, Path, description = "The workspace"),
        ("document_id" = DocumentId, Path, description = "The document"),
    ),
    responses(
        (status = 200, description = "The addresses", body = UploadParts),
        (status = 404, description = "You have announced no such document", body = Problem),
        (
            status = 409,
            description = "`no_parts`: the store takes it in one piece; `already_uploaded`; `storage_refused`; \
                           `credentials_unreadable`",
            body = Problem,
        ),
        (status = 410, description = "The time for the upload is over", body = Problem),
    ),
)]
pub(crate) async fn parts(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((workspace, id)): Path<(WorkspaceId, DocumentId)>,
) -> Result<axum::Json<UploadParts>, Problem> {
    let (mut awaited, now) = awaited(&app, request.clone(), &caller, (workspace, id)).await?;
    insist(&awaited, now)?;
    awaited.document.upload_expires_at = await_longer(&app, &request, &caller, (workspace, id)).await?;
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

pub(super) async fn join(
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
