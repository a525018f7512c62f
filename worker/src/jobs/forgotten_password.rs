//! Mails a link for a forgotten password, if somebody has the address that was given.

use tenancy::queue::Claim;
use tenancy::{ForgottenPassword, Tx, account};

use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for ForgottenPassword {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        if let Some(id) = self.user_id {
            account::answer_forgotten(&mut tx, id).await?;
        }
        Ok(tx)
    }
}
