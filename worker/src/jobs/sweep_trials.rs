//! Reminds those whose trial ends soon, and ends the trials that are over.

use tenancy::queue::Claim;
use tenancy::{Caller, Platform, SweepTrials, Tx, UserId, platform, trial, user_action as user};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

/// Most users that are looked up at a time.
const AT_A_TIME: u32 = 100;

impl Work for SweepTrials {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::SweepTrials>(&Caller::Worker, Platform).await?;
            let due = trial::due(&mut tx, &allowed, AT_A_TIME).await?;
            if due.to_remind.is_empty() && due.to_expire.is_empty() {
                return Ok(tx);
            }
            drop(tx);
            // Each in a transaction of its own: an approval waits for one user only, and one that fails holds no other up.
            let mut failure = None;
            for id in due.to_remind {
                if let Err(error) = remind(context, claim, id).await {
                    tracing::warn!(user_id = %id, ?error, "not reminded");
                    failure = Some(error);
                }
            }
            for id in due.to_expire {
                if let Err(error) = expire(context, claim, id).await {
                    tracing::warn!(user_id = %id, ?error, "the trial was not ended");
                    failure = Some(error);
                }
            }
            if let Some(failure) = failure {
                return Err(failure);
            }
        }
    }
}

async fn remind(context: &Context, claim: &Claim, id: UserId) -> Result<(), Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<user::Remind>(&Caller::Worker, id).await?;
    trial::remind(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(())
}

async fn expire(context: &Context, claim: &Claim, id: UserId) -> Result<(), Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<user::Expire>(&Caller::Worker, id).await?;
    trial::expire(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(())
}
