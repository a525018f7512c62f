//! Every mail with invented content, to look at.

use chrono::{DateTime, Utc};
use tenancy::{JobId, Locale, MailTemplate};
use uuid::Uuid;

use super::letters::{
    AlreadyRegistered, ApprovalReminder, Approved, DeletionReceipt, DeletionRequested, Disabled, Expired,
    ExportReady, Invitation, OrgEvent, OrgNotice, PasswordChanged, PasswordReset, SecondFactorChanged,
    SetPassword, Verification, Welcome,
};
use super::{Brand, Given, Letter, LetterError, Moment, Written};

/// The job that previews pretend to come from. Its id says 2026-11-21, 10:00 UTC.
pub const SAMPLE_JOB: JobId = JobId(Uuid::from_u128(0x01a1_fd8c_6900_7000_8000_0000_0000_0000));

/// A token as samples have it.
const TOKEN: &str = "sample-token-that-opens-nothing";

/// Writes a mail with invented names and times. Its links lead where those of real ones do, and their tokens open nothing.
///
/// # Errors
/// [`LetterError::Template`], which does not happen.
pub fn sample(template: MailTemplate, locale: Locale, brand: &Brand) -> Result<Letter, LetterError> {
    let name = Given::new("Camille Martin");
    let home = brand.sign_in();
    match template {
        MailTemplate::Verification => {
            let link = brand.link_with_token("verify-email", TOKEN);
            Verification { name, link, deadline: hour(24) }.letter(locale, brand)
        }
        MailTemplate::Welcome => {
            Welcome { name, link: home, trial_ends: Some(hour(47)) }.letter(locale, brand)
        }
        MailTemplate::Invitation => Invitation {
            inviter: Some(Given::new("Sacha Durand")),
            organization: Given::new("Atelier du Pont"),
            role: Given::new("manager"),
            workspace: Some(Given::new("Plans 2027")),
            link: brand.link_with_token("invitation", TOKEN),
            deadline: hour(7 * 24),
        }
        .letter(locale, brand),
        MailTemplate::AlreadyRegistered => {
            AlreadyRegistered { name, link: home, forgotten: brand.forgot_password() }.letter(locale, brand)
        }
        MailTemplate::SetPassword => {
            let link = brand.link_with_token("set-password", TOKEN);
            SetPassword { name, link, deadline: hour(7 * 24) }.letter(locale, brand)
        }
        MailTemplate::SecondFactorChanged => {
            SecondFactorChanged { name, changed: hour(0), link: brand.forgot_password() }
                .letter(locale, brand)
        }
        MailTemplate::PasswordReset => {
            let link = brand.link_with_token("reset-password", TOKEN);
            PasswordReset { name, link, deadline: hour(0) }.letter(locale, brand)
        }
        MailTemplate::PasswordChanged => {
            PasswordChanged { name, changed: hour(0), link: brand.forgot_password() }.letter(locale, brand)
        }
        MailTemplate::ApprovalReminder => {
            ApprovalReminder { name, deadline: hour(12), link: home }.letter(locale, brand)
        }
        MailTemplate::Approved => Approved { name, link: home }.letter(locale, brand),
        MailTemplate::Expired => Expired { name, ended: hour(0), link: home }.letter(locale, brand),
        MailTemplate::Disabled => {
            let reason = Some(Given::reason("The contract of Atelier du Pont has ended."));
            Disabled { name, closed: hour(0), reason }.letter(locale, brand)
        }
        MailTemplate::OrgNotice => {
            let organization = Given::new("Atelier du Pont");
            OrgNotice { name, organization, event: OrgEvent::Plan(Given::new("pro")), link: home }
                .letter(locale, brand)
        }
        MailTemplate::DeletionRequested => DeletionRequested {
            name,
            erased: Given::new("camille@example.org"),
            asked: hour(0),
            due: hour(7 * 24),
            link: brand.link_with_token("cancel-deletion", TOKEN),
        }
        .letter(locale, brand),
        MailTemplate::DeletionReceipt => DeletionReceipt {
            name,
            erased: Given::new("camille@example.org"),
            number: Given::new("SAMPLE-0001"),
            asked: hour(0),
            finished: hour(2),
            workspaces: 2,
            resources: 148,
            files: 36,
            shares: 5,
            credentials: 1,
            unreachable: Vec::new(),
        }
        .letter(locale, brand),
        MailTemplate::ExportReady => ExportReady {
            name,
            asked: hour(0),
            link: brand.link(&["exports", "sample"]),
            deadline: hour(7 * 24),
        }
        .letter(locale, brand),
    }
}

/// So many hours after 2026-11-21, 10:30 UTC.
fn hour(count: i64) -> Moment {
    const START: i64 = 1_795_257_000;
    Moment(DateTime::<Utc>::from_timestamp(START + count * 3600, 0).unwrap_or_default())
}
