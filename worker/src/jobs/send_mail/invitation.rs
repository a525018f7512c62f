//! The mail to somebody who is invited into an organization.

use tenancy::queue::Claim;
use tenancy::{Caller, Error, InvitationId, OrgId, invitation, org_action as org};

use super::Addressed;
use crate::context::Context;
use crate::failure::Failure;
use crate::mail::{Given, Invitation, Moment, Written as _};

/// What the mail says now; none if the organization is gone, or the invitation was accepted, taken back or sent again, or its
/// time is over.
pub(super) async fn write(
    context: &Context,
    claim: &Claim,
    organization: OrgId,
    id: InvitationId,
    sent: i32,
) -> Result<Option<Addressed>, Failure> {
    let mut tx = context.begin(claim).await?;
    let allowed = match tx.authorize::<org::Mail>(&Caller::Worker, organization).await {
        Err(Error::NotFound(_)) => return Ok(None),
        other => other?,
    };
    let Some(mail) = invitation::to_be_mailed(&mut tx, &allowed, id, sent).await? else { return Ok(None) };
    let brand = &context.brand;
    let letter = Invitation {
        inviter: mail.inviter.as_deref().map(Given::new).filter(|name| !name.is_empty()),
        organization: Given::new(&mail.organization),
        role: Given::new(mail.role.as_str()),
        workspace: mail.workspace.as_deref().map(Given::new),
        link: brand.link_with_token("invitation", mail.token.reveal()),
        deadline: Moment(mail.expires_at),
    };
    Ok(Some(Addressed { letter: letter.letter(mail.locale, brand)?, to: mail.to }))
}
