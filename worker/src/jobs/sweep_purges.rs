//! Starts the purges that are due, and those whose job died.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, SweepPurges, Tx, platform, purge};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

/// Most purges that are started at a time.
const AT_A_TIME: i64 = 1_000;

impl Work for SweepPurges {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::SweepPurges>(&Caller::Worker, Platform).await?;
        let started = purge::sweep(&mut tx, &allowed, AT_A_TIME).await?;
        if started > 0 {
            tracing::info!(started, "purges that were due, or stood still, go on");
        }
        Ok(tx)
    }
}
