//! Sends a mail, as things are when it is sent.

use tenancy::mail::{self, Allowance, Recipient};
use tenancy::queue::Claim;
use tenancy::{AccountStatus, Caller, Error, Mail, SendMail, Tx, UserId, user_action as user};

use crate::context::Context;
use crate::failure::Failure;
use crate::mail::{
    ApprovalReminder, Expired, Given, Letter, LetterError, Moment, Outgoing, SendError, Written as _, sample,
};
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
                match context.begin(claim).await {
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
    let brand = &context.brand;
    let written = match mail {
        Mail::ApprovalReminder { user_id } => {
            let Some(reader) = reader(context, claim, *user_id, AccountStatus::Pending).await? else {
                return Ok(None);
            };
            let letter = ApprovalReminder {
                name: Given::new(&reader.name),
                deadline: Moment(reader.approval_due_at),
                link: brand.link(&[]),
            };
            Addressed { letter: letter.letter(reader.locale, brand)?, to: reader.email }
        }
        Mail::Expired { user_id } => {
            let Some(reader) = reader(context, claim, *user_id, AccountStatus::Expired).await? else {
                return Ok(None);
            };
            let letter = Expired {
                name: Given::new(&reader.name),
                ended: Moment(reader.approval_due_at),
                link: brand.link(&[]),
            };
            Addressed { letter: letter.letter(reader.locale, brand)?, to: reader.email }
        }
        Mail::Sample { template, locale, to } => {
            Addressed { letter: sample(*template, *locale, &context.public_url)?, to: to.clone() }
        }
    };
    Ok(Some(written))
}

/// Whoever a mail is about; none if they are gone, or their account is not any more as the mail says.
async fn reader(
    context: &Context,
    claim: &Claim,
    id: UserId,
    status: AccountStatus,
) -> Result<Option<Recipient>, Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = match tx.authorize::<user::Mail>(&Caller::Worker, id).await {
        Err(Error::NotFound(_)) => return Ok(None),
        other => other?,
    };
    let recipient = mail::recipient(&mut tx, &allowed).await?;
    Ok(recipient.filter(|recipient| recipient.status == status))
}

impl From<LetterError> for Failure {
    fn from(error: LetterError) -> Self {
        Self::Hopeless(error.to_string())
    }
}
