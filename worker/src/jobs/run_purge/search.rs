//! The search for what is left, and for what came late.

use tenancy::purge;

use super::going::{Fenced, Going};
use super::{installation, rows};
use crate::failure::Failure;

/// Erases what arrived since it was looked for, once nothing can arrive any more, and looks through all tables.
pub(super) async fn run(going: &Going<'_>) -> Result<(), Failure> {
    let looked = going.context.db.now();
    // What our store did not let go before, it may by now.
    let mut fenced = going.fenced().await?;
    let Fenced { tx, allowed } = &mut fenced;
    going.context.fuse.at(purge::try_again(tx, allowed, going.run.id)).await?;
    going.commit(fenced).await?;
    installation::empty(going).await?;
    rows::erase(going).await?;
    going.wait_for_uploads(looked)?;
    let mut fenced = going.fenced().await?;
    let Fenced { tx, allowed } = &mut fenced;
    let left = going.context.fuse.at(purge::verify(tx, allowed, &going.run)).await?;
    going.commit(fenced).await?;
    if left > 0 && !going.is_late() {
        return Err(Failure::Failed(format!("{left} rows came back")));
    }
    Ok(())
}
