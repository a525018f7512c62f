//! Instances: an organization's installations of something. Each works once the technical and the economic side of the
//! organization have said yes.

mod activation;
mod change;
mod list;
mod new;
mod view;

pub use activation::{Say, set_economic, set_technical};
pub use change::{InstanceUpdate, delete, update};
pub use list::{InstanceFilter, InstanceSort, instance, list};
pub use new::{NewInstance, create};
pub use view::{Activation, Instance, MayActivate, Missing, Side};

use crate::action::{Action, Target as _};
use crate::error::{Error, Result};
use crate::id::{InstanceId, OrgId};
use crate::text;
use crate::tx::Authorized;
use crate::tx::Tx;

fn check_name(name: &str) -> Result<()> {
    text::check_line("name", name, text::NAME_MAX)
}

fn check_description(description: Option<&str>) -> Result<()> {
    text::check_lines("description", description, text::DESCRIPTION_MAX)
}

/// The organization of an instance.
async fn org_of(tx: &mut Tx, id: InstanceId) -> Result<OrgId> {
    let org = sqlx::query_scalar!("select org_id from instances where id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    org.map(OrgId).ok_or(Error::NotFound(InstanceId::NOUN))
}

/// Insists that an instance is found where a path says.
///
/// # Errors
/// [`Error::NotFound`] if it is another organization's.
pub async fn check_home<A: Action<Target = InstanceId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    org: OrgId,
) -> Result<()> {
    if org_of(tx, *allowed.target()).await? == org { Ok(()) } else { Err(Error::NotFound(InstanceId::NOUN)) }
}
