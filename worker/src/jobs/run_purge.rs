//! Carries a purge on: step by step, forward only, as far as it goes now.
//!
//! Everything that this process does outside of itself goes through [`Going`], which holds the claim of the job: what counts is
//! written under the job's fence, and may be cut off anywhere.

mod connected;
mod drain;
mod going;
mod installation;
mod rows;
mod search;

use tenancy::queue::Claim;
use tenancy::{PurgeStep, RunPurge, Tx};

use self::going::Going;
use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for RunPurge {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let Some(mut going) = Going::begin(context, claim, self.purge_id).await? else {
            return Ok(context.begin(claim).await?);
        };
        loop {
            let next = match going.run.step {
                PurgeStep::Remote => {
                    connected::empty(&going).await?;
                    PurgeStep::Connections
                }
                PurgeStep::Connections => {
                    rows::erase_connections(&going).await?;
                    PurgeStep::Objects
                }
                PurgeStep::Objects => {
                    installation::empty(&going).await?;
                    PurgeStep::Rows
                }
                PurgeStep::Rows => {
                    rows::erase(&going).await?;
                    PurgeStep::Verify
                }
                PurgeStep::Verify => {
                    search::run(&going).await?;
                    PurgeStep::Receipt
                }
                PurgeStep::Receipt => return going.end().await,
            };
            going.advance(next).await?;
        }
    }
}
