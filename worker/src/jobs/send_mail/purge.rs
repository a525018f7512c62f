//! Mails about what is being erased, to people who may have no account any more.

use std::collections::BTreeSet;

use tenancy::purge::{self, PurgeException, PurgeMail};
use tenancy::queue::Claim;
use tenancy::{Caller, Platform, PurgeId, PurgeState, Tx, platform};

use super::Addressed;
use crate::context::Context;
use crate::failure::Failure;
use crate::mail::{Brand, DeletionReceipt, DeletionRequested, Given, Moment, Written as _};

/// That something will be erased; none if it runs already, or was called off.
pub(super) async fn requested(
    context: &Context,
    claim: &Claim,
    id: PurgeId,
    recipient: i32,
) -> Result<Option<Addressed>, Failure> {
    let Some(PurgeMail { to, purge, token }) = read(context, claim, id, recipient).await? else {
        return Ok(None);
    };
    if purge.state != PurgeState::Waiting {
        return Ok(None);
    }
    let brand = &context.brand;
    let letter = DeletionRequested {
        name: Given::new(&to.name),
        erased: Given::new(&to.erased),
        asked: Moment(purge.requested_at),
        due: Moment(purge.due_at),
        link: brand.link_with_token("cancel-deletion", token.reveal()),
    };
    Ok(Some(Addressed { letter: letter.letter(to.locale, brand)?, to: to.email }))
}

/// What was erased; none if the purge is not done, or they have the receipt.
pub(super) async fn receipt(
    context: &Context,
    claim: &Claim,
    id: PurgeId,
    recipient: i32,
) -> Result<Option<Addressed>, Failure> {
    let Some(PurgeMail { to, purge, .. }) = read(context, claim, id, recipient).await? else {
        return Ok(None);
    };
    let Some(receipt) = purge.receipt else { return Ok(None) };
    let count = |class: &str| receipt.counts.get(class).and_then(|n| u64::try_from(*n).ok()).unwrap_or(0);
    let brand = &context.brand;
    let letter = DeletionReceipt {
        name: Given::new(&to.name),
        erased: Given::new(&to.erased),
        number: Given::new(&purge.id.to_string()),
        asked: Moment(receipt.requested_at),
        finished: Moment(receipt.finished_at),
        workspaces: count("workspaces"),
        resources: count("resources"),
        files: count("documents"),
        shares: count("shares"),
        credentials: count("connections"),
        unreachable: places(&receipt.exceptions, brand),
    };
    Ok(Some(Addressed { letter: letter.letter(to.locale, brand)?, to: to.email }))
}

/// Forgets who has the receipt, in the transaction in which the job ends.
pub(super) async fn served(
    context: &Context,
    claim: &Claim,
    id: PurgeId,
    recipient: i32,
) -> tenancy::Result<Tx> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<platform::SweepPurges>(&Caller::Worker, Platform).await?;
    purge::served(&mut tx, &allowed, id, recipient).await?;
    Ok(tx)
}

async fn read(
    context: &Context,
    claim: &Claim,
    id: PurgeId,
    recipient: i32,
) -> Result<Option<PurgeMail>, Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<platform::SweepPurges>(&Caller::Worker, Platform).await?;
    Ok(purge::to_be_mailed(&mut tx, &allowed, id, recipient).await?)
}

/// Each place once: a connection by its id, which is all that is left of it; the store of the installation by its host.
fn places(exceptions: &[PurgeException], brand: &Brand) -> Vec<Given> {
    let place = |exception: &PurgeException| {
        exception.connection_id.map_or_else(|| brand.host().to_owned(), |id| id.to_string())
    };
    let places: BTreeSet<String> = exceptions.iter().map(place).collect();
    places.iter().map(|place| Given::new(place)).collect()
}
