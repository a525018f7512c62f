//! Connections: credentials of providers outside, of a person or of an organization. The settings are shown, the
//! credentials never.

mod access;
mod change;
mod list;
mod new;
mod provider;
mod status;
mod trial;
mod view;

pub use access::{Access, Unreadable};
pub use change::{ConnectionUpdate, delete, draft, rotate, update};
pub use list::{ConnectionFilter, get, list, lock_version};
pub use new::{NewConnection, create};
pub use provider::{Category, Provider};
pub use status::{CategoryStatus, ConfigStatus, ConnectionStatus, ProviderStatus, config_status};
pub(crate) use trial::unseal;
pub use trial::{OpensConnection, TestFailure, TestOutcome, open, record_test};
pub use view::Connection;

use crate::action::{Action, ConnectionOwner, Target as _};
use crate::error::{Error, Result};
use crate::id::{ConnectionId, OrgId, UserId};
use crate::text;
use crate::tx::{Authorized, Tx};

fn check_name(name: &str) -> Result<()> {
    text::check_line("name", name, text::NAME_MAX)
}

/// Whose a connection is.
async fn owner_of(tx: &mut Tx, id: ConnectionId) -> Result<ConnectionOwner> {
    let row = sqlx::query!("select org_id, owner_id from connections where id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    let owner = row.and_then(|row| match (row.org_id, row.owner_id) {
        (Some(org), _) => Some(ConnectionOwner::Org(OrgId(org))),
        (None, owner) => owner.map(|id| ConnectionOwner::User(UserId(id))),
    });
    owner.ok_or(Error::NotFound(ConnectionId::NOUN))
}

/// Insists that a connection is found where a path says.
///
/// # Errors
/// [`Error::NotFound`] if it is somebody else's.
pub async fn check_home<A: Action<Target = ConnectionId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    owner: ConnectionOwner,
) -> Result<()> {
    let id = *allowed.target();
    if owner_of(tx, id).await? == owner { Ok(()) } else { Err(Error::NotFound(ConnectionId::NOUN)) }
}

/// In whose chain of the audit log it stands.
async fn chain_of(tx: &mut Tx, id: ConnectionId) -> Result<Option<OrgId>> {
    Ok(match owner_of(tx, id).await? {
        ConnectionOwner::Org(org) => Some(org),
        ConnectionOwner::User(_) => None,
    })
}
