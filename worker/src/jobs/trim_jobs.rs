//! Removes what the queue itself need not keep any longer.

use tenancy::queue::{self, Claim, Trimmed};
use tenancy::{TrimJobs, Tx};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for TrimJobs {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let Trimmed { jobs, slots, budgets } = queue::trim(&context.db, context.job_retention).await?;
        tracing::info!(jobs, slots, budgets, "old rows of the queue were removed");
        Ok(context.begin(claim).await?)
    }
}
