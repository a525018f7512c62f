//! Every mail with invented content, to look at.

use chrono::{DateTime, Utc};
use tenancy::{JobId, Locale, MailTemplate};
use uuid::Uuid;

use super::letters::{
    ApprovalReminder, Approved, DeletionReceipt, Disabled, Expired, ExportReady, Invitation, PasswordChanged,
    PasswordReset, Verification, Welcome,
};
use super::{Brand, Given, Letter, LetterError, Moment, PublicLink, Written};

/// The job that previews pretend to come from. Its id says 2026-11-21, 10:00 UTC.
pub const SAMPLE_JOB: JobId = JobId(Uuid::from_u128(0x01a1_fd8c_6900_7000_8000_0000_0000_0000));

/// Writes a mail with invented names and times. Its links lead to the public URL, and their tokens open nothing.
///
/// # Errors
/// [`LetterError`], if the public URL is none.
pub fn sample(template: MailTemplate, locale: Locale, public_url: &str) -> Result<Letter, LetterError> {
    let brand = &Brand::new(public_url)?;
    let name = Given::new("Camille Martin");
    let home = brand.link(&[]);
    match template {
        MailTemplate::Verification => {
            Verification { name, link: token(brand, "verify"), deadline: hour(47) }.letter(locale, brand)
        }
        MailTemplate::Welcome => {
            Welcome { name, link: home, trial_ends: Some(hour(47)) }.letter(locale, brand)
        }
        MailTemplate::Invitation => Invitation {
            inviter: Given::new("Sacha Durand"),
            organization: Given::new("Atelier du Pont"),
            role: Given::new("manager"),
            workspace: Some(Given::new("Plans 2027")),
            link: token(brand, "invitations"),
            deadline: hour(7 * 24),
        }
        .letter(locale, brand),
        MailTemplate::PasswordReset => {
            PasswordReset { name, link: token(brand, "reset"), deadline: hour(0) }.letter(locale, brand)
        }
        MailTemplate::PasswordChanged => {
            PasswordChanged { name, changed: hour(0), link: brand.link(&["forgot"]) }.letter(locale, brand)
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

fn token(brand: &Brand, place: &str) -> PublicLink {
    brand.link(&[place, "sample-token-that-opens-nothing"])
}

/// So many hours after 2026-11-21, 10:30 UTC.
fn hour(count: i64) -> Moment {
    const START: i64 = 1_795_257_000;
    Moment(DateTime::<Utc>::from_timestamp(START + count * 3600, 0).unwrap_or_default())
}
