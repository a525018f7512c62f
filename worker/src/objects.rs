//! The objects of documents, for the jobs that look after them.

use std::pin::pin;

use futures::stream::TryChunksError;
use futures::{StreamExt as _, TryStreamExt as _};
use storage::{Error as StoreError, Key, Prefix, Remains, S3, Store, Stores, UploadId};
use tenancy::EraseDocument;
use tenancy::connection::Unreadable;
use tenancy::document::{self, Erasure, Place};

use crate::failure::Failure;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a store of documents failed");
        match error.is_for_good() {
            // Somebody may give the connection other credentials: the sweep asks again.
            true => Self::Hopeless("the store refuses it".to_owned()),
            false => Self::Failed("the store does not answer as it should".to_owned()),
        }
    }
}

/// The store that a document is in.
pub(crate) fn store(stores: &Stores, place: Result<Place, Unreadable>) -> Result<Store, Failure> {
    let unreadable = |error: Unreadable| Failure::Hopeless(error.to_string());
    match place.map_err(unreadable)? {
        Place::Installation => Ok(stores.installation().clone()),
        Place::Connected(access) => {
            let settings: S3 = access.read().map_err(unreadable)?;
            Ok(stores.connected(&settings)?)
        }
    }
}

/// How many are looked at and erased in one go.
const PAGE: usize = 1_000;

/// How many unfinished uploads of a workspace are looked through for one document: a provider that lists without end must not
/// hold us up. What is behind them is swept with the workspace.
const MOST: usize = 100 * PAGE;

/// Erases everything of a document, its bytes first, then unfinished uploads.
pub(crate) async fn erase(store: &Store, job: &EraseDocument, erasure: &Erasure) -> Result<(), StoreError> {
    let key = Key::parse(&document::key(job.workspace_id, job.document_id))?;
    store.delete(&key).await?;
    if let Some(upload) = &erasure.upload_id {
        store.abort_parts(&key, &UploadId(upload.clone())).await?;
    }
    // One that was begun, and never written down.
    let prefix = Prefix::parse(&document::prefix(job.workspace_id))?;
    let uploads = store.remains(&prefix).take(MOST).try_take_while(|one| {
        let is_upload = matches!(one, Remains::Upload { .. });
        async move { Ok(is_upload) }
    });
    let unknown = uploads.try_filter(|one| {
        let is_ours = one.key() == key.as_str();
        async move { is_ours }
    });
    let mut pages = pin!(unknown.try_chunks(PAGE));
    while let Some(page) = pages.next().await {
        let page = page.map_err(|TryChunksError(_, error)| error)?;
        for outcome in store.erase(&page).await {
            outcome?;
        }
    }
    Ok(())
}
