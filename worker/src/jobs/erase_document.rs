//! Erases the bytes of a document.

use std::time::Duration;

use tenancy::connection::Unreadable;
use tenancy::document::{self, Erasure, Place};
use tenancy::queue::Claim;
use tenancy::{Caller, EraseDocument, Platform, Tx, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::objects;
use crate::registry::Work;

/// How long a store may take in one attempt: less than the attempt, so that it can be told what became of it.
const PATIENCE: Duration = Duration::from_secs(4 * 60);

impl Work for EraseDocument {
    /// No transaction is open while the store is asked.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::SweepUploads>(&Caller::Worker, Platform).await?;
        let mut erasure = document::erasure(&mut tx, &allowed, &self).await?;
        drop(tx);
        // Without its connection nobody gets there any more.
        let done = match erasure.place.take() {
            Some(place) => erase(context, self, place, &erasure).await,
            None => Ok(()),
        };
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::SweepUploads>(&Caller::Worker, Platform).await?;
        match done {
            Ok(()) => document::erased(&mut tx, &allowed, &self).await?,
            // Our own store is waited for: whoever runs it can mend it.
            Err(Failure::Hopeless(why) | Failure::Failed(why))
                if erasure.is_late && self.connection_id.is_some() =>
            {
                document::abandoned(&mut tx, &allowed, &self, &why).await?;
            }
            Err(failure) => return Err(failure),
        }
        Ok(tx)
    }
}

async fn erase(
    context: &Context,
    job: EraseDocument,
    place: Result<Place, Unreadable>,
    erasure: &Erasure,
) -> Result<(), Failure> {
    let store = objects::store(&context.stores, place)?;
    let Ok(erased) = tokio::time::timeout(PATIENCE, objects::erase(&store, &job, erasure)).await else {
        return Err(Failure::Failed("the store takes too long".to_owned()));
    };
    match erased {
        Ok(()) => {}
        // Somebody else's bucket is gone, and all that was in it. Ours is only named wrongly.
        Err(error) if job.connection_id.is_some() && error.is_without_bucket() => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let Some(until) = erasure.more_until else { return Ok(()) };
    let after = (until - context.db.now()).to_std().unwrap_or_default();
    let why = "the address that more may come by is still good".to_owned();
    Err(Failure::Postponed { why, after })
}
