use super::view::{Document, find, read};
use crate::action::document;
use crate::error::{Error, Result};
use crate::id::{DocumentId, UserId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// By what documents are sorted; with a dash from the other end.
    DocumentSort {
        /// By name.
        Name = "name",
        /// By name, from the end.
        NameBackwards = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        Newest = "-created_at",
        /// Smallest first.
        Size = "size",
        /// Largest first.
        Largest = "-size",
    }
}

/// Which documents, in which order.
#[derive(Debug, Clone)]
pub struct DocumentFilter {
    /// With this in their name, in whatever case.
    pub search: Option<String>,
    /// Of this media type, or of a family such as `image/`.
    pub content_type: Option<String>,
    /// That this person stored.
    pub owner: Option<UserId>,
    /// In which order.
    pub sort: DocumentSort,
}

/// The documents of a workspace, as far as the caller may fetch them. Those that are awaited are shown to who announced
/// them, those that are being deleted to nobody.
///
/// # Errors
/// [`Error::Invalid`] if a text that is searched for is too long.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<document::List>,
    filter: &DocumentFilter,
    page: Page,
) -> Result<Paged<Document>> {
    for (field, text) in [("search", &filter.search), ("content_type", &filter.content_type)] {
        let text = text.as_deref();
        if text.is_some_and(|text| text.is_empty() || text.chars().count() > 254 || text.contains('\0')) {
            return Err(Error::invalid(field, "1 to 254 characters"));
        }
    }
    let caller = allowed.actor().clone();
    let ids = sqlx::query_scalar!(
        "select id from documents
         where workspace_id = $1 and (state = 'ready' or state = 'uploading' and owner_id = $6)
           and ($2::text is null or position(lower($2) in lower(name)) > 0)
           and ($3::text is null or starts_with(lower(content_type), lower($3)))
           and ($4::uuid is null or owner_id = $4)
         order by case $5 when 'name' then lower(name) end, case $5 when '-name' then lower(name) end desc,
                  case $5 when 'created_at' then created_at end, case $5 when '-created_at' then created_at end desc,
                  case $5 when 'size' then size end, case $5 when '-size' then size end desc, id",
        allowed.target().0,
        filter.search,
        filter.content_type,
        filter.owner.map(|id| id.0),
        filter.sort.as_str(),
        caller.person().map(|person| person.id.0),
    )
    .fetch_all(tx.connection())
    .await?;
    let visible = tx.filter::<document::Read>(&caller, ids.into_iter().map(DocumentId).collect()).await?;
    let total = i64::try_from(visible.len()).unwrap_or(i64::MAX);
    let (offset, limit) = (usize::try_from(page.offset()), usize::try_from(page.limit()));
    let shown = visible.iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or_default());
    let ids: Vec<DocumentId> = shown.map(|allowed| *allowed.target()).collect();
    Ok(page.of(read(tx, &ids).await?, total))
}

/// A document.
///
/// # Errors
/// If the store does not answer.
pub async fn get(tx: &mut Tx, allowed: &Authorized<document::Read>) -> Result<Document> {
    find(tx, *allowed.target()).await
}
