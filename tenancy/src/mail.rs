//! Mails as jobs ask for them: ids and choices, never a token and never what the mail says. That is read when it is sent.

mod address;
mod budget;
mod recipient;
mod sample;

use serde::{Deserialize, Serialize};

pub use budget::{Allowance, Budget};
pub use recipient::{Recipient, recipient};
pub use sample::send_sample;

pub(crate) use address::is_address;

use crate::id::UserId;
use crate::words::words;

words! {
    /// A language of mails.
    Locale {
        /// English.
        English = "en",
        /// French.
        French = "fr",
    }
}

words! {
    /// A mail that Doorward can write.
    MailTemplate {
        /// Confirm the address.
        Verification = "verification",
        /// The address is confirmed.
        Welcome = "welcome",
        /// Join an organization.
        Invitation = "invitation",
        /// Choose a new password.
        PasswordReset = "password_reset",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// The trial ends soon and nobody has approved the account.
        ApprovalReminder = "approval_reminder",
        /// The account was approved.
        Approved = "approved",
        /// The trial has ended.
        Expired = "expired",
        /// An admin closed the account.
        Disabled = "disabled",
        /// What was erased.
        DeletionReceipt = "deletion_receipt",
        /// An export can be fetched.
        ExportReady = "export_ready",
    }
}

/// A mail that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case", deny_unknown_fields)]
pub enum Mail {
    /// To a user whose trial ends soon.
    ApprovalReminder {
        /// Whose trial.
        user_id: UserId,
    },
    /// To a user whose trial has ended.
    Expired {
        /// Whose trial.
        user_id: UserId,
    },
    /// Any template with invented content, for an operator who wants to see whether mails arrive and how they look.
    Sample {
        /// Which.
        template: MailTemplate,
        /// In which language.
        locale: Locale,
        /// The address.
        to: String,
    },
}
