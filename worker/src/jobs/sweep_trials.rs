//! Reminds those whose trial ends soon, and ends the trials that are over.

use tenancy::queue::Claim;
use tenancy::trial::Due;
use tenancy::{Caller, Error, Platform, SweepTrials, Tx, UserId, platform, trial, user_action as user};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

/// Most users that are looked up at a time.
const AT_A_TIME: u32 = 100;

impl Work for SweepTrials {
    /// Each user in a transaction of their own: an approval waits for one of them only, and one that fails holds no other
    /// up.
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let (mut after, mut failure) = (None, None);
        loop {
            let mut tx = context.begin(claim).await?;
            let allowed = tx.authorize::<platform::SweepTrials>(&Caller::Worker, Platform).await?;
            let due = trial::due(&mut tx, &allowed, after, AT_A_TIME).await?;
            let Some((last, _)) = due.last() else {
                return failure.map_or(Ok(tx), Err);
            };
            after = Some(*last);
            drop(tx);
            for (id, due) in due {
                let done = match due {
                    Due::Reminder => remind(context, claim, id).await,
                    Due::Expiry => expire(context, claim, id).await,
                };
                match done {
                    // Gone since they were found.
                    Ok(()) | Err(Error::NotFound(_)) => {}
                    Err(error) => {
                        tracing::warn!(user_id = %id, ?due, %error, "a trial was not looked after");
                        failure = Some(error.into());
                    }
                }
            }
        }
    }
}

async fn remind(context: &Context, claim: &Claim, id: UserId) -> tenancy::Result<()> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<user::Remind>(&Caller::Worker, id).await?;
    trial::remind(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(())
}

async fn expire(context: &Context, claim: &Claim, id: UserId) -> tenancy::Result<()> {
    let mut tx = context.begin(claim).await?;
    let allowed = tx.authorize::<user::Expire>(&Caller::Worker, id).await?;
    trial::expire(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(())
}
