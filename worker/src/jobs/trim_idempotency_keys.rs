//! Removes answers that were kept for requests sent again.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, TrimIdempotencyKeys, Tx, idempotency, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for TrimIdempotencyKeys {
    /// Page by page, each in a transaction of its own: a long one would hold others up.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut answers = 0;
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::TrimIdempotencyKeys>(&Caller::Worker, Platform).await?;
            let removed = idempotency::trim(&mut tx, &allowed).await?;
            if removed == 0 {
                tracing::info!(answers, "old answers were removed");
                return Ok(tx);
            }
            tx.commit().await?;
            answers += removed;
        }
    }
}
