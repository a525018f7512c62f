//! What lies in stores of others, by connections.

use storage::{Prefix, S3};
use tenancy::purge::{self, NoWay, PurgeConnection, PurgeStore};

use super::drain::{self, Patience, Place};
use super::going::{Fenced, Going};
use crate::failure::Failure;

/// Erases what documents left in the stores of others, as long as there are credentials. One store that does not answer holds
/// no other one up.
pub(super) async fn empty(going: &Going<'_>) -> Result<(), Failure> {
    let looked = going.context.db.now();
    let Fenced { mut tx, allowed } = going.fenced().await?;
    let connections = going.context.fuse.at(purge::connections(&mut tx, &allowed, &going.run)).await?;
    drop(tx);
    let mut troubles = vec![];
    for connection in &connections {
        let of = PurgeStore { purge: going.run.id, step: going.run.step, connection: Some(connection.id) };
        let place = match place(going, connection, of).await? {
            Ok(place) => place,
            Err(error) => {
                drain::give_up(going, of, &error).await?;
                continue;
            }
        };
        if let Some(error) = drain::empty(going, &place).await? {
            troubles.push(format!("connection {}: {error}", connection.id));
        }
    }
    if !troubles.is_empty() {
        return Err(Failure::Failed(troubles.join("; ")));
    }
    // The credentials go next: what arrives later could not be erased any more.
    if connections.is_empty() { Ok(()) } else { going.wait_for_uploads(looked) }
}

/// The store that a connection leads to, or why there is no way to it.
async fn place(
    going: &Going<'_>,
    connection: &PurgeConnection,
    of: PurgeStore,
) -> Result<Result<Place, String>, Failure> {
    let Fenced { mut tx, allowed } = going.fenced().await?;
    let opened = going.context.fuse.at(purge::open_connection(&mut tx, &allowed, connection.id)).await?;
    drop(tx);
    let settings =
        opened.and_then(|access| Ok(access.read::<S3>()?)).map_err(|error: NoWay| error.to_string());
    let store = settings
        .and_then(|settings| going.context.stores.connected(&settings).map_err(|error| error.to_string()));
    let prefixes: Result<Vec<Prefix>, _> =
        connection.workspaces.iter().map(|id| Prefix::parse(&format!("workspaces/{id}/"))).collect();
    let prefixes = prefixes.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(store.map(|store| Place { of, store, prefixes, patience: Patience::WithOthers }))
}
