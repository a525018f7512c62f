//! What lies in the store of the installation.

use storage::Prefix;
use tenancy::purge::{PurgeStore, PurgeTarget};

use super::drain::{self, Patience, Place};
use super::going::Going;
use crate::failure::Failure;

/// Erases the objects of all that goes.
pub(super) async fn empty(going: &Going<'_>) -> Result<(), Failure> {
    let prefixes: Result<Vec<Prefix>, _> = going.run.targets.iter().filter_map(prefix).collect();
    let place = Place {
        of: PurgeStore { purge: going.run.id, step: going.run.step, connection: None },
        store: going.context.stores.installation().clone(),
        prefixes: prefixes.map_err(|error| Failure::Failed(error.to_string()))?,
        patience: Patience::WithOurs,
    };
    match drain::empty(going, &place).await? {
        None => Ok(()),
        Some(error) => Err(Failure::Failed(format!("the store of the installation: {error}"))),
    }
}

/// Where something of a target lies: the documents of a workspace, the exports of a person.
fn prefix(target: &PurgeTarget) -> Option<Result<Prefix, storage::Error>> {
    match target {
        PurgeTarget::Workspace(id) => Some(Prefix::parse(&format!("workspaces/{id}/"))),
        PurgeTarget::User(id) => Some(Prefix::parse(&format!("exports/{id}/"))),
        PurgeTarget::Organization(_) => None,
    }
}
