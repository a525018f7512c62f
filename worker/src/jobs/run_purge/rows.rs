//! What the database holds.

use tenancy::purge;

use super::going::{Fenced, Going};
use crate::failure::Failure;

/// Deletes the connections of all that goes: credentials do not outlive their account.
pub(super) async fn erase_connections(going: &Going<'_>) -> Result<(), Failure> {
    loop {
        let mut fenced = going.fenced().await?;
        let Fenced { tx, allowed } = &mut fenced;
        let is_done =
            going.context.fuse.at(purge::erase_connections(tx, allowed, &going.run, most(going))).await?;
        going.commit(fenced).await?;
        if is_done {
            return Ok(());
        }
        going.rest()?;
    }
}

/// Erases the rows of all that goes, some in each transaction: nobody else waits for long.
pub(super) async fn erase(going: &Going<'_>) -> Result<(), Failure> {
    for target in &going.run.targets {
        loop {
            let mut fenced = going.fenced().await?;
            let Fenced { tx, allowed } = &mut fenced;
            let erased = purge::erase(tx, allowed, &going.run, *target, most(going));
            let is_done = going.context.fuse.at(erased).await?;
            going.commit(fenced).await?;
            if is_done {
                break;
            }
            going.rest()?;
        }
    }
    Ok(())
}

fn most(going: &Going<'_>) -> i64 {
    i64::try_from(going.page()).unwrap_or(i64::MAX)
}
