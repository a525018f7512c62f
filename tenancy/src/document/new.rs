use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::view::{Document, find};
use super::{chain_of, quota};
use crate::action::{Home, Target as _, connection, document};
use crate::audit::Change;
use crate::connection::{Category, Provider};
use crate::error::{Error, Result};
use crate::id::{ConnectionId, DocumentId, WorkspaceId};
use crate::text::is_hidden;
use crate::tx::{Authorized, Tx};

/// Most bytes of a document: 5 TiB, as S3 has it.
const LARGEST: i64 = 5 << 40;

/// Most characters of a name.
const NAME_MAX: usize = 255;

/// A document that is going to be stored.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// The name of the file.
    pub name: String,
    /// The media type.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

impl NewDocument {
    /// # Errors
    /// [`Error::Invalid`] with the field.
    fn check(&self) -> Result<()> {
        let name = &self.name;
        let is_path = matches!(name.as_str(), "." | "..") || name.contains(['/', '\\']);
        if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(is_hidden) || is_path
        {
            let message = format!("1 to {NAME_MAX} characters, no / or \\, no control characters");
            return Err(Error::invalid("name", message));
        }
        if !is_media_type(&self.content_type) {
            return Err(Error::invalid("content_type", "a media type such as application/pdf"));
        }
        if !(0..=LARGEST).contains(&self.size) {
            return Err(Error::invalid("size", format!("0 to {LARGEST} bytes")));
        }
        Ok(())
    }
}

/// `type/subtype`, perhaps with parameters (RFC 9110, section 8.3.1), in visible ASCII.
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let named = essence.trim_end().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    let mut parameters = parameters.split(';').map(str::trim).filter(|parameter| !parameter.is_empty());
    let is_parameter = |text: &str| {
        text.split_once('=').is_some_and(|(name, value)| {
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            is_token(name) && quoted.map_or_else(|| is_token(value), |inner| !inner.contains(['"', '\\']))
        })
    };
    let is_ascii = text.len() <= 255 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    named && is_ascii && parameters.all(is_parameter)
}

/// What policies are told of a document of this size. Nobody else stores anything in the organization from here on, until
/// the transaction ends.
///
/// # Errors
/// If the store does not answer.
pub async fn context(tx: &mut Tx, workspace: WorkspaceId, size: i64) -> Result<Map<String, Value>> {
    tx.keep_still(Home::Workspace(workspace)).await?;
    let used = sqlx::query_scalar!(
        "select u.used_bytes from workspaces w join storage_usage u on u.org_id = w.org_id where w.id = $1",
        workspace.0
    )
    .fetch_optional(tx.connection())
    .await?;
    let bytes = used.unwrap_or_default().saturating_add(size.max(0));
    Ok(Map::from_iter([("storage_bytes".to_owned(), bytes.into())]))
}

/// What policies are told of who stores nothing new: the bytes of a document that was announced are counted already.
#[must_use]
pub fn nothing() -> Map<String, Value> {
    Map::from_iter([("storage_bytes".to_owned(), 0.into())])
}

/// Announces a document: its bytes are reserved from now on, and can be sent for this long.
///
/// # Errors
/// [`Error::Invalid`] for what can be no document; [`Error::QuotaExceeded`]; [`Error::NotFound`] for a workspace or a
/// connection that is being deleted; [`Error::Conflict`] `wrong_connection` for one that keeps no documents, or not those
/// of this workspace.
pub async fn begin(
    tx: &mut Tx,
    allowed: &Authorized<document::Create>,
    by: Option<&Authorized<connection::Use>>,
    new: &NewDocument,
    lifetime: Duration,
) -> Result<Document> {
    new.check()?;
    let (workspace, id, now) = (*allowed.target(), DocumentId(tx.new_id()), tx.now());
    let owner = allowed.actor().person().ok_or(Error::Unauthenticated)?.id;
    hold(tx, workspace).await?;
    let connection = match by {
        Some(by) => Some(check_connection(tx, workspace, *by.target()).await?),
        None => None,
    };
    quota::reserve(tx, owner, new.size).await?;
    let lifetime = TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::hours(1));
    sqlx::query!(
        "insert into documents (id, workspace_id, owner_id, connection_id, name, content_type, size, sha256, state,
                                upload_expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'uploading', $9, $10)",
        id.0,
        workspace.0,
        owner.0,
        connection.map(|id| id.0),
        new.name,
        new.content_type,
        new.size,
        &new.sha256[..],
        now + lifetime,
        now,
    )
    .execute(tx.connection())
    .await?;
    let org = chain_of(tx, workspace).await?;
    let after = json!({
        "name": new.name, "content_type": new.content_type, "size": new.size, "connection_id": connection,
    });
    tx.record(allowed, org, &id.uid(), Change { after, ..Change::default() }).await?;
    find(tx, id).await
}

/// Keeps a workspace from being deleted until this transaction ends.
pub(super) async fn hold(tx: &mut Tx, workspace: WorkspaceId) -> Result<()> {
    let held = sqlx::query_scalar!(
        "select w.id from workspaces w
         where w.id = $1 and w.deleting_at is null
           and not exists (select from organizations o where o.id = w.org_id and o.deleting_at is not null)
         for share of w",
        workspace.0
    )
    .fetch_optional(tx.connection())
    .await?;
    held.map(|_| ()).ok_or(Error::NotFound(WorkspaceId::NOUN))
}

/// An organization's workspace uses connections of its organization, a personal one those of its owner.
async fn check_connection(tx: &mut Tx, workspace: WorkspaceId, id: ConnectionId) -> Result<ConnectionId> {
    let row = sqlx::query!(
        r#"select c.provider,
                  (c.org_id is not distinct from w.org_id and c.owner_id is not distinct from w.owner_id) as "is_of_here!"
           from connections c, workspaces w where c.id = $1 and w.id = $2 for key share of c"#,
        id.0,
        workspace.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(ConnectionId::NOUN))?;
    let wrong = |message: &str| Err(Error::conflict("wrong_connection", message));
    if !row.is_of_here {
        return wrong("a workspace keeps documents by connections of its own organization, or of its owner");
    }
    match Provider::parse(&row.provider).map(Provider::category) {
        Some(Category::ObjectStorage) => Ok(id),
        _ => wrong("this provider keeps no documents"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves DOC-1
    #[test]
    fn a_document_has_a_name_that_is_no_path_and_a_media_type() {
        let fits = |name: &str, content_type: &str| {
            let new = NewDocument {
                name: name.to_owned(),
                content_type: content_type.to_owned(),
                size: 0,
                sha256: [0; 32],
            };
            new.check().is_ok()
        };
        for name in ["a", "a b.pdf", "Größe.txt", "…", ".hidden", "a..b", &"ä".repeat(255)] {
            assert!(fits(name, "text/plain"), "{name}");
        }
        for name in
            ["", " ", ".", "..", "a/b", "a\\b", "a\0", "a\r\nb", "a\u{202e}b", "\u{200b}", &"a".repeat(256)]
        {
            assert!(!fits(name, "text/plain"), "{name:?}");
        }
        for kind in ["a/b", "text/plain; charset=utf-8", "application/x+json;a=\"b c\"", "image/svg+xml"] {
            assert!(fits("a", kind), "{kind}");
        }
        for kind in
            ["", "text", "/", "a/", "/b", "a b/c", "a/b; c", "a/b;c=\"", "a/b\r\nX: y", "a/ü", "a/b/c"]
        {
            assert!(!fits("a", kind), "{kind:?}");
        }
    }
}
