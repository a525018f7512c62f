//! Removes exports whose time is over, and gives up those that nobody packs any more.

use storage::Key;
use tenancy::queue::Claim;
use tenancy::{Caller, Platform, TrimExports, Tx, export, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for TrimExports {
    /// The archive first, then the row: who dies in between has the archive to remove again, which is gone then.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::TrimExports>(&Caller::Worker, Platform).await?;
        let abandoned = export::fail_abandoned(&mut tx, &allowed).await?;
        tx.commit().await?;
        let mut archives = 0;
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::TrimExports>(&Caller::Worker, Platform).await?;
            let expired = export::expired(&mut tx, &allowed).await?;
            if expired.is_empty() {
                tracing::info!(archives, abandoned, "old exports were removed");
                return Ok(tx);
            }
            drop(tx);
            for one in expired {
                context.stores.installation().delete(&Key::parse(&export::key(one.user, one.id))?).await?;
                let mut tx = context.begin(claim).await?;
                let allowed = tx.authorize::<platform::TrimExports>(&Caller::Worker, Platform).await?;
                export::forget(&mut tx, &allowed, one.id).await?;
                tx.commit().await?;
                archives += 1;
            }
        }
    }
}
