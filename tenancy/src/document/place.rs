use crate::action::{Action, Target as _, document};
use crate::connection::{self, Access, Unreadable};
use crate::error::{Error, Result};
use crate::id::{ConnectionId, DocumentId};
use crate::tx::{Authorized, Tx};

/// In which store the bytes of a document are.
#[derive(Debug, Clone)]
pub enum Place {
    /// The one of the installation.
    Installation,
    /// The one that a connection leads to.
    Connected(Access),
}

/// What is done with a document for which its store is opened.
pub trait OpensPlace: Action<Target = DocumentId> {}

impl OpensPlace for document::Read {}
impl OpensPlace for document::Delete {}

/// Where a document's bytes are.
///
/// # Errors
/// If the store does not answer; [`Unreadable`] inside if its connection cannot be opened any more.
pub async fn place<A: OpensPlace>(tx: &mut Tx, allowed: &Authorized<A>) -> Result<Result<Place, Unreadable>> {
    let id = sqlx::query_scalar!("select connection_id from documents where id = $1", allowed.target().0)
        .fetch_optional(tx.connection())
        .await?
        .ok_or(Error::NotFound(DocumentId::NOUN))?;
    by(tx, id.map(ConnectionId)).await
}

/// By this connection, or none.
pub(super) async fn by(tx: &mut Tx, id: Option<ConnectionId>) -> Result<Result<Place, Unreadable>> {
    Ok(match id {
        Some(id) => connection::unseal(tx, id).await?.map(|(access, _)| Place::Connected(access)),
        None => Ok(Place::Installation),
    })
}
