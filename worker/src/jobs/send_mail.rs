//! Sends a mail, as things are when it is sent.

mod account;
mod invitation;
mod purge;

use tenancy::mail::Allowance;
use tenancy::queue::Claim;
use tenancy::{Mail, SendMail, Tx};

use crate::context::Context;
use crate::failure::Failure;
use crate::mail::{Letter, LetterError, Outgoing, SendError, sample};
use crate::registry::Work;

/// A letter, and to whom it goes.
struct Addressed {
    to: String,
    letter: Letter,
}

impl Work for SendMail {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let Some(Addressed { to, letter }) = write(context, claim, &self.0).await? else {
            tracing::info!("not sent: it is not true any more, or nobody is there to read it");
            return Ok(context.begin(claim).await?);
        };
        let org = claim.tenant.org;
        if let Allowance::Exhausted(after) = context.mail_budget.spend(&context.db, &to, org).await? {
            let why =
                "as many mails as allowed have gone to this address or for this organization".to_owned();
            // All that wait are told the same time: spread, they do not come back together.
            let spread = context.mail_budget.per_org.per.max(context.mail_budget.per_address.per) / 4;
            return Err(Failure::Postponed { why, after: after + spread.mul_f64(context.random.fraction()) });
        }
        match context.mailer.send(Outgoing { id: claim.id, to: &to, letter: &letter }).await {
            // It is gone, and must not count as failed because the store is slow just now: the lease bounds this.
            Ok(_) => loop {
                match sent(context, claim, &self.0).await {
                    Ok(tx) => return Ok(tx),
                    Err(error) => tracing::warn!(%error, "a mail was sent, and that cannot be written yet"),
                }
            },
            Err(error @ SendError::Refused { .. }) => Err(Failure::Hopeless(error.to_string())),
            Err(error @ SendError::Unavailable { .. }) => {
                context.mail_budget.put_back(&context.db, &to, org).await?;
                Err(Failure::Failed(error.to_string()))
            }
        }
    }
}

/// What a mail says now; none if there is nothing to say any more.
async fn write(context: &Context, claim: &Claim, mail: &Mail) -> Result<Option<Addressed>, Failure> {
    match (mail, mail.user()) {
        (Mail::Sample { template, locale, to }, _) => {
            Ok(Some(Addressed { to: to.clone(), letter: sample(*template, *locale, &context.brand)? }))
        }
        (Mail::Invitation { org_id, invitation_id, sent }, _) => {
            invitation::write(context, claim, *org_id, *invitation_id, *sent).await
        }
        (Mail::DeletionRequested { purge_id, recipient }, _) => {
            purge::requested(context, claim, *purge_id, *recipient).await
        }
        (Mail::DeletionReceipt { purge_id, recipient }, _) => {
            purge::receipt(context, claim, *purge_id, *recipient).await
        }
        (mail, Some(user)) => account::write(context, claim, mail, user).await,
        (_, None) => Ok(None),
    }
}

/// The transaction in which the job ends, with what follows from its mail.
async fn sent(context: &Context, claim: &Claim, mail: &Mail) -> tenancy::Result<Tx> {
    match mail {
        Mail::DeletionReceipt { purge_id, recipient } => {
            purge::served(context, claim, *purge_id, *recipient).await
        }
        _ => context.begin(claim).await,
    }
}

impl From<LetterError> for Failure {
    fn from(error: LetterError) -> Self {
        Self::Hopeless(error.to_string())
    }
}
