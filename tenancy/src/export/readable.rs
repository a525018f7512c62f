//! What of other people's workspaces is given to a person.
//!
//! In their own workspace everything is. Elsewhere it is not enough to have made something: whoever was removed from an
//! organization leaves there what they made. The policies are asked as for the person, without a session; what they refuse
//! is left out, and nothing tells of it.

use std::collections::HashSet;
use std::hash::Hash;

use crate::action::document;
use crate::caller::{Caller, Person};
use crate::error::Result;
use crate::id::{DocumentId, ResourceId, UserId};
use crate::tx::Tx;

/// Something, and whether it lies in the person's own workspace.
pub(super) struct Found<I> {
    pub(super) id: I,
    pub(super) is_own: bool,
}

/// Those of some documents that are given out.
pub(super) async fn documents(
    tx: &mut Tx,
    user: UserId,
    found: Vec<Found<DocumentId>>,
) -> Result<HashSet<DocumentId>> {
    let (mut given, others) = divide(found);
    let read = tx.filter::<document::Read>(&person(user), others).await?;
    given.extend(read.iter().map(|allowed| *allowed.target()));
    Ok(given)
}

/// Those of some resources of applications that are given out.
pub(super) async fn resources(
    tx: &mut Tx,
    user: UserId,
    found: Vec<Found<ResourceId>>,
) -> Result<HashSet<ResourceId>> {
    let (mut given, others) = divide(found);
    given.extend(tx.readable(&person(user), others).await?);
    Ok(given)
}

fn person(user: UserId) -> Caller {
    Caller::User(Person::without_session(user))
}

/// Those in the person's own workspace, and the others.
fn divide<I: Eq + Hash>(found: Vec<Found<I>>) -> (HashSet<I>, Vec<I>) {
    let (own, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.is_own);
    (own.into_iter().map(|one| one.id).collect(), others.into_iter().map(|one| one.id).collect())
}
