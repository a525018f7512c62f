//! Finds uploads whose bytes never came, and documents whose erasure was given up.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, SweepUploads, Tx, document, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for SweepUploads {
    /// Page by page; each document is erased by a job of its own.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::SweepUploads>(&Caller::Worker, Platform).await?;
            if document::expire(&mut tx, &allowed).await? == 0 {
                document::due(&mut tx, &allowed).await?;
                return Ok(tx);
            }
            tx.commit().await?;
        }
    }
}
