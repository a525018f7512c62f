//! Makes a new key for access tokens when the one in use is old.

use chrono::TimeDelta;
use tenancy::queue::Claim;
use tenancy::signing_key::{Rotation, rotate};
use tenancy::{Caller, Platform, RotateSigningKey, Tx, platform};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for RotateSigningKey {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let age = TimeDelta::from_std(context.signing_key_lifetime).unwrap_or(TimeDelta::MAX);
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<platform::RotateSigningKey>(&Caller::Worker, Platform).await?;
        if rotate(&mut tx, &allowed, Rotation::WhenOlderThan(age)).await? {
            tracing::info!("access tokens get a new signing key");
        }
        Ok(tx)
    }
}
