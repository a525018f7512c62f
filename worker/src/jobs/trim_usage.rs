//! Removes records of usage that nobody sends again.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, TrimUsage, Tx, platform, usage};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for TrimUsage {
    /// Page by page, each in a transaction of its own: a long one would hold others up.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut records = 0;
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::TrimUsage>(&Caller::Worker, Platform).await?;
            let removed = usage::trim(&mut tx, &allowed).await?;
            if removed == 0 {
                tracing::info!(records, "old records of usage were removed");
                return Ok(tx);
            }
            tx.commit().await?;
            records += removed;
        }
    }
}
