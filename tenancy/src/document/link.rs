use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::view::Document;
use crate::caller::{Caller, Person};
use crate::error::{Error, Result};
use crate::id::{DocumentId, UserId, WorkspaceId};
use crate::master_key::Purpose;
use crate::tx::Tx;

/// What an address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// To send the bytes that were announced.
    Upload,
    /// To fetch them.
    Download,
}

/// What the token in an address of ours says. It names a document, of which size, type and checksum never change, and whoever
/// asked for it: they are asked about again when it is used, so that it opens nothing that they cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentLink {
    /// What it is good for.
    pub kind: LinkKind,
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Which document.
    pub document: DocumentId,
    user: UserId,
    /// In milliseconds.
    ends: i64,
}

const HEAD: usize = 1 + 16 * 3 + 8;

impl DocumentLink {
    /// For somebody, until then.
    #[must_use]
    pub fn new(kind: LinkKind, user: UserId, document: &Document, ends: DateTime<Utc>) -> Self {
        let (workspace, document) = (document.workspace_id, document.id);
        Self { kind, workspace, document, user, ends: ends.timestamp_millis() }
    }

    fn head(&self) -> Vec<u8> {
        let kind = match self.kind {
            LinkKind::Upload => 1,
            LinkKind::Download => 2,
        };
        let mut head = vec![kind];
        for id in [self.workspace.0, self.document.0, self.user.0] {
            head.extend_from_slice(id.as_bytes());
        }
        head.extend_from_slice(&self.ends.to_be_bytes());
        head
    }

    /// The token.
    #[must_use]
    pub fn token(&self, tx: &Tx) -> String {
        let head = self.head();
        let mac = tx.master_key().mac(Purpose::DocumentLink, &[&head]);
        BASE64_URL_SAFE_NO_PAD.encode([&head[..], &mac].concat())
    }

    /// Reads a token of ours.
    ///
    /// # Errors
    /// [`Error::NotFound`] for any other text; [`Error::Gone`] when its time is over.
    pub fn parse(tx: &Tx, kind: LinkKind, token: &str) -> Result<Self> {
        let link = Self::read(tx, kind, token).ok_or(Error::NotFound("address"))?;
        let is_over = tx.now().timestamp_millis() >= link.ends;
        if is_over { Err(Error::Gone("the time of this address is over")) } else { Ok(link) }
    }

    fn read(tx: &Tx, kind: LinkKind, token: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (head, mac) = bytes.split_at_checked(HEAD)?;
        let is_ours: bool = tx.master_key().mac(Purpose::DocumentLink, &[head])[..].ct_eq(mac).into();
        let id = |at: usize| Uuid::from_slice(head.get(at..at + 16)?).ok();
        let link = Self {
            kind,
            workspace: WorkspaceId(id(1)?),
            document: DocumentId(id(17)?),
            user: UserId(id(33)?),
            ends: i64::from_be_bytes(head.get(49..)?.try_into().ok()?),
        };
        (is_ours && link.head() == head).then_some(link)
    }

    /// Whoever asked for it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::User(Person::without_session(self.user))
    }
}
