//! Mails to people about their accounts.

use tenancy::mail::{Recipient, recipient};
use tenancy::organization::{self, OrgNotice};
use tenancy::queue::Claim;
use tenancy::{
    AccountStatus, Authorized, Caller, Error, LinkId, Mail, OrgId, SubscriptionStatus, Tx, UserId, export,
    link, org_action as org, user_action as user,
};

use super::Addressed;
use crate::context::Context;
use crate::failure::Failure;
use crate::mail::{
    AlreadyRegistered, ApprovalReminder, Approved, Brand, Disabled, Expired, ExportReady, Given, Moment,
    OrgEvent, PasswordChanged, PasswordReset, PublicLink, SecondFactorChanged, SetPassword, Verification,
    Welcome, Written,
};

/// What a mail to this user says now; none if they are gone, or it is not true any more.
pub(super) async fn write(
    context: &Context,
    claim: &Claim,
    mail: &Mail,
    id: UserId,
) -> Result<Option<Addressed>, Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = match tx.authorize::<user::Mail>(&Caller::Worker, id).await {
        Err(Error::NotFound(_)) => return Ok(None),
        other => other?,
    };
    let reader = recipient(&mut tx, &allowed).await?.filter(|reader| is_true(mail, reader));
    let Some(reader) = reader else { return Ok(None) };
    let brand = &context.brand;
    let Some(written) = says(&mut tx, &allowed, brand, mail, &reader).await? else { return Ok(None) };
    Ok(Some(Addressed { letter: written.letter(reader.locale, brand)?, to: reader.email }))
}

/// Whether a mail fits the account as it is now.
fn is_true(mail: &Mail, reader: &Recipient) -> bool {
    use AccountStatus::{Active, Deleting, Disabled, Expired, Pending};
    let (status, is_verified) = (reader.status, reader.email_verified_at.is_some());
    let can_be_used = !matches!(status, Disabled | Deleting);
    match mail {
        Mail::ApprovalReminder { .. } => status == Pending,
        Mail::Expired { .. } => status == Expired,
        Mail::Verification { .. } => can_be_used && !is_verified,
        Mail::Welcome { .. } => is_verified && matches!(status, Pending | Active),
        Mail::AlreadyRegistered { .. } | Mail::PasswordReset { .. } | Mail::SetPassword { .. } => can_be_used,
        // Whoever lost the account to somebody else hears of it, also when it was closed over that.
        Mail::PasswordChanged { .. } | Mail::SecondFactorChanged { .. } => status != Deleting,
        Mail::Approved { .. } => status == Active,
        Mail::Disabled { .. } => status == Disabled,
        Mail::OrgNotice { .. } | Mail::ExportReady { .. } => can_be_used,
        Mail::Invitation { .. }
        | Mail::DeletionRequested { .. }
        | Mail::DeletionReceipt { .. }
        | Mail::Sample { .. } => false,
    }
}

/// The words of a mail; none if its link is not good any more. Times come from the job and from rows, and never from the
/// clock: a mail that is sent again is the same.
async fn says(
    tx: &mut Tx,
    allowed: &Authorized<user::Mail>,
    brand: &Brand,
    mail: &Mail,
    reader: &Recipient,
) -> Result<Option<Box<dyn Written + Send>>, Failure> {
    let name = Given::new(&reader.name);
    let (home, forgotten) = (brand.sign_in(), brand.forgot_password());
    let trial_ends = Moment(reader.approval_due_at);
    Ok(Some(match mail {
        Mail::ApprovalReminder { .. } => {
            Box::new(ApprovalReminder { name, deadline: trial_ends, link: home })
        }
        Mail::Expired { .. } => Box::new(Expired { name, ended: trial_ends, link: home }),
        Mail::Welcome { .. } => {
            let trial_ends = (reader.status == AccountStatus::Pending).then_some(trial_ends);
            Box::new(Welcome { name, link: home, trial_ends })
        }
        Mail::AlreadyRegistered { .. } => Box::new(AlreadyRegistered { name, link: home, forgotten }),
        Mail::PasswordChanged { at, .. } => {
            Box::new(PasswordChanged { name, changed: Moment(*at), link: forgotten })
        }
        Mail::SecondFactorChanged { at, .. } => {
            Box::new(SecondFactorChanged { name, changed: Moment(*at), link: forgotten })
        }
        Mail::Approved { .. } => Box::new(Approved { name, link: home }),
        Mail::Disabled { .. } => {
            let Some(closed) = reader.disabled_at.map(Moment) else { return Ok(None) };
            let reason = reader.disabled_reason.as_deref().map(Given::reason);
            Box::new(Disabled { name, closed, reason: reason.filter(|reason| !reason.is_empty()) })
        }
        Mail::ExportReady { export_id, .. } => {
            let Some(ready) = export::to_be_mailed(tx, allowed, *export_id).await? else { return Ok(None) };
            let (asked, deadline) = (Moment(ready.requested_at), Moment(ready.expires_at));
            let link = brand.app_link(&["exports", &export_id.to_string()]);
            Box::new(ExportReady { name, asked, link, deadline })
        }
        Mail::OrgNotice { org_id, user_id, notice } => {
            let Some(organization) = organization(tx, *org_id, *user_id).await? else { return Ok(None) };
            Box::new(crate::mail::OrgNotice { name, organization, event: event(notice), link: home })
        }
        Mail::Verification { link_id, .. } => {
            let good = good_link(tx, allowed, brand, "verify-email", *link_id).await?;
            let Some((link, deadline)) = good else { return Ok(None) };
            Box::new(Verification { name, link, deadline })
        }
        Mail::PasswordReset { link_id, .. } => {
            let good = good_link(tx, allowed, brand, "reset-password", *link_id).await?;
            let Some((link, deadline)) = good else { return Ok(None) };
            Box::new(PasswordReset { name, link, deadline })
        }
        Mail::SetPassword { link_id, .. } => {
            let good = good_link(tx, allowed, brand, "set-password", *link_id).await?;
            let Some((link, deadline)) = good else { return Ok(None) };
            Box::new(SetPassword { name, link, deadline })
        }
        Mail::Invitation { .. }
        | Mail::DeletionRequested { .. }
        | Mail::DeletionReceipt { .. }
        | Mail::Sample { .. } => return Ok(None),
    }))
}

/// The name of an organization; none if it is gone, or is not theirs any more.
async fn organization(tx: &mut Tx, id: OrgId, owner: UserId) -> Result<Option<Given>, Failure> {
    let allowed = match tx.authorize::<org::Mail>(&Caller::Worker, id).await {
        Err(Error::NotFound(_)) => return Ok(None),
        other => other?,
    };
    let name = organization::name_for_owner(tx, &allowed, owner).await?;
    Ok(name.as_deref().map(Given::new))
}

fn event(notice: &OrgNotice) -> OrgEvent {
    match notice {
        OrgNotice::Plan(plan) => OrgEvent::Plan(Given::new(plan)),
        OrgNotice::Subscription(SubscriptionStatus::Trial) => OrgEvent::Trial,
        OrgNotice::Subscription(SubscriptionStatus::Active) => OrgEvent::Active,
        OrgNotice::Subscription(SubscriptionStatus::Cancelled) => OrgEvent::Cancelled,
        OrgNotice::Subscription(SubscriptionStatus::Suspended) | OrgNotice::Suspended => OrgEvent::Suspended,
        OrgNotice::Resumed => OrgEvent::Resumed,
    }
}

/// The page with its token, and until when that is good; none if it is not any more.
async fn good_link(
    tx: &mut Tx,
    allowed: &Authorized<user::Mail>,
    brand: &Brand,
    page: &str,
    id: LinkId,
) -> Result<Option<(PublicLink, Moment)>, Failure> {
    let good = link::to_be_mailed(tx, allowed, id).await?;
    Ok(good.map(|(token, until)| (brand.link_with_token(page, token.reveal()), Moment(until))))
}
