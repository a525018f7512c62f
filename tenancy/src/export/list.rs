//! What exports there are.

use chrono::{DateTime, Utc};

use super::{Export, ExportState};
use crate::action::user;
use crate::error::{Error, Result};
use crate::id::{ExportId, UserId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};

/// A person's exports, newest first.
///
/// # Errors
/// If the store does not answer.
pub async fn list(tx: &mut Tx, allowed: &Authorized<user::ListExports>, page: Page) -> Result<Paged<Export>> {
    let user = *allowed.target();
    let total = sqlx::query_scalar!(r#"select count(*) as "count!" from exports where user_id = $1"#, user.0)
        .fetch_one(tx.connection())
        .await?;
    Ok(page.of(select(tx, user, None, page.limit(), page.offset()).await?, total))
}

/// One of them.
///
/// # Errors
/// [`Error::NotFound`] if it is not theirs.
pub async fn get(tx: &mut Tx, allowed: &Authorized<user::ListExports>, id: ExportId) -> Result<Export> {
    read(tx, *allowed.target(), id).await
}

pub(super) async fn read(tx: &mut Tx, user: UserId, id: ExportId) -> Result<Export> {
    select(tx, user, Some(id), 1, 0).await?.pop().ok_or(Error::NotFound("export"))
}

async fn select(
    tx: &mut Tx,
    user: UserId,
    one: Option<ExportId>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Export>> {
    let rows = sqlx::query!(
        "select id, state, requested_at, files_done, files_total, files_failed, finished_at, expires_at, size
         from exports where user_id = $1 and ($2::uuid is null or id = $2) order by id desc limit $3 offset $4",
        user.0,
        one.map(|id| id.0),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    let now = tx.now();
    let exports = rows.into_iter().filter_map(|row| {
        // It is not given out any more from that moment on, whenever it is removed.
        let is_over =
            row.state == ExportState::Ready.as_str() && row.expires_at.is_some_and(|end| end <= now);
        let state = if is_over { ExportState::Expired } else { ExportState::parse(&row.state)? };
        Some(Export {
            id: ExportId(row.id),
            state,
            requested_at: row.requested_at,
            files_done: row.files_done,
            files_total: row.files_total,
            files_failed: row.files_failed,
            finished_at: row.finished_at,
            expires_at: row.expires_at,
            size: row.size,
        })
    });
    Ok(exports.collect())
}

/// What a mail says of an export that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when it can be fetched.
    pub expires_at: DateTime<Utc>,
}

/// An export that is ready; none if it is not, or not any more.
///
/// # Errors
/// If the store does not answer.
pub async fn to_be_mailed(
    tx: &mut Tx,
    allowed: &Authorized<user::Mail>,
    id: ExportId,
) -> Result<Option<Ready>> {
    let found = select(tx, *allowed.target(), Some(id), 1, 0).await?.pop();
    let found = found.filter(|export| export.state == ExportState::Ready);
    Ok(found
        .and_then(|export| Some(Ready { requested_at: export.requested_at, expires_at: export.expires_at? })))
}
