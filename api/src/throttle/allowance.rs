//! What an organization's plan lets its API keys ask.

use std::num::NonZeroU32;

use tenancy::Caller;
use tenancy::plan::{self, Allowance};

use super::{Limit, MINUTE, Retry, Throttle};
use crate::app::App;
use crate::problem::Problem;

/// Counts a request that was made with the key of an organization, together with those of its other keys. Requests of
/// everybody else are not counted.
///
/// # Errors
/// 429 when there were more than the plan gives; 503 if the store does not answer.
pub(crate) async fn request(app: &App, caller: &Caller) -> Result<(), Problem> {
    let Some(Allowance { org, requests_per_minute }) = plan::allowance(&app.db, caller).await? else {
        return Ok(());
    };
    Ok(app.throttle.request(&org, requests_per_minute).await?)
}

impl Throttle {
    async fn request(&self, org: &str, per_minute: u32) -> Result<(), Retry> {
        // A plan may give none at all.
        let Some(count) = NonZeroU32::new(per_minute) else {
            return Err(Limit::RequestsPerOrg(NonZeroU32::MIN).reached(MINUTE));
        };
        let _counts_in_any_case = self.spend(Limit::RequestsPerOrg(count), org).await?;
        Ok(())
    }
}
