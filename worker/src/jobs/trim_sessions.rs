//! Removes sessions and links that ended long ago.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, TrimSessions, Tx, platform, session};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for TrimSessions {
    /// Page by page, each in a transaction of its own: a long one would hold others up.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut sessions = 0;
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::TrimSessions>(&Caller::Worker, Platform).await?;
            let removed = session::trim(&mut tx, &allowed).await?;
            if removed == 0 {
                tracing::info!(sessions, "old sessions were removed");
                return Ok(tx);
            }
            tx.commit().await?;
            sessions += removed;
        }
    }
}
