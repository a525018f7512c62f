//! Erases the bytes of a document.

use tenancy::queue::Claim;
use tenancy::{Caller, EraseDocument, Platform, Tx, document, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::objects;
use crate::registry::Work;

impl Work for EraseDocument {
    /// No transaction is open while the store is asked.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        if let Some(until) = self.not_before
            && let Ok(after) = (until - tx.now()).to_std()
            && !after.is_zero()
        {
            let why = "the address that it may come by is still good".to_owned();
            return Err(Failure::Postponed { why, after });
        }
        let allowed = tx.authorize::<platform::SweepUploads>(&Caller::Worker, Platform).await?;
        let mut erasure = document::erasure(&mut tx, &allowed, &self).await?;
        drop(tx);
        // Without its connection nobody gets there any more.
        if let Some(place) = erasure.place.take() {
            objects::erase(&objects::store(&context.stores, place)?, &self, &erasure).await?;
        }
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::SweepUploads>(&Caller::Worker, Platform).await?;
        document::erased(&mut tx, &allowed, &self).await?;
        Ok(tx)
    }
}
