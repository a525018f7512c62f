//! Mails as jobs ask for them: ids and choices, never a token and never what the mail says. That is read when it is sent.

mod budget;
mod recipient;
mod sample;

use serde::{Deserialize, Serialize};

pub use budget::{Allowance, Budget};
pub use recipient::{Recipient, recipient};
pub use sample::send_sample;

use chrono::{DateTime, Utc};

use crate::id::{ExportId, InvitationId, LinkId, OrgId, PurgeId, UserId};
use crate::organization::OrgNotice;
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
        /// Somebody tried to open an account with an address that has one.
        AlreadyRegistered = "already_registered",
        /// Choose the first password of an account that an administrator made.
        SetPassword = "set_password",
        /// The second factor was set up, renewed or removed.
        SecondFactorChanged = "second_factor_changed",
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
        /// The platform did something with an organization.
        OrgNotice = "org_notice",
        /// Something will be erased, and it can still be called off.
        DeletionRequested = "deletion_requested",
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
    /// To a new user, to show that the address is theirs.
    Verification {
        /// Whose address.
        user_id: UserId,
        /// The link.
        link_id: LinkId,
    },
    /// To a user whose address is verified.
    Welcome {
        /// Who.
        user_id: UserId,
    },
    /// To a user whose address somebody has tried to register again.
    AlreadyRegistered {
        /// Whose address.
        user_id: UserId,
    },
    /// To a user who has forgotten the password.
    PasswordReset {
        /// Whose password.
        user_id: UserId,
        /// The link.
        link_id: LinkId,
    },
    /// To a user for whom an administrator has made an account.
    SetPassword {
        /// Whose account.
        user_id: UserId,
        /// The link.
        link_id: LinkId,
    },
    /// To a user whose password is another one now.
    PasswordChanged {
        /// Whose password.
        user_id: UserId,
        /// When it was changed.
        at: DateTime<Utc>,
    },
    /// To a user whose second factor was set up, renewed or removed.
    SecondFactorChanged {
        /// Whose.
        user_id: UserId,
        /// Since when it is another one.
        at: DateTime<Utc>,
    },
    /// To a user whom an administrator has approved.
    Approved {
        /// Who.
        user_id: UserId,
    },
    /// To a user whose account an administrator has closed.
    Disabled {
        /// Whose account.
        user_id: UserId,
    },
    /// To a user whose data was packed.
    ExportReady {
        /// Who asked for it.
        user_id: UserId,
        /// Which.
        export_id: ExportId,
    },
    /// To an owner of an organization with which the platform did something.
    OrgNotice {
        /// The owner.
        user_id: UserId,
        /// The organization.
        org_id: OrgId,
        /// What was done.
        notice: OrgNotice,
    },
    /// To somebody who is invited into an organization.
    Invitation {
        /// Into which, whose budget it is sent from.
        org_id: OrgId,
        /// The invitation.
        invitation_id: InvitationId,
        /// The how manieth time it is sent: once it is sent again, the mails before are not.
        sent: i32,
    },
    /// To somebody who is told of a deletion that waits: until it runs, it can be called off with the link.
    DeletionRequested {
        /// The purge.
        purge_id: PurgeId,
        /// Which of those who are told.
        recipient: i32,
    },
    /// To somebody who is told of a deletion that is done: the receipt. After it, nothing is kept of them.
    DeletionReceipt {
        /// The purge.
        purge_id: PurgeId,
        /// Which of those who are told.
        recipient: i32,
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

impl Mail {
    /// The account that a mail is about; none for samples, for invitations, whose reader may have
    /// none, and for mails about purges, whose readers may have none any more.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::ApprovalReminder { user_id }
            | Self::Expired { user_id }
            | Self::Verification { user_id, .. }
            | Self::Welcome { user_id }
            | Self::AlreadyRegistered { user_id }
            | Self::PasswordReset { user_id, .. }
            | Self::SetPassword { user_id, .. }
            | Self::PasswordChanged { user_id, .. }
            | Self::SecondFactorChanged { user_id, .. }
            | Self::Approved { user_id }
            | Self::Disabled { user_id }
            | Self::ExportReady { user_id, .. }
            | Self::OrgNotice { user_id, .. } => Some(*user_id),
            Self::Invitation { .. }
            | Self::DeletionRequested { .. }
            | Self::DeletionReceipt { .. }
            | Self::Sample { .. } => None,
        }
    }

    /// The organization that a mail is sent for.
    #[must_use]
    pub fn org(&self) -> Option<OrgId> {
        match self {
            Self::Invitation { org_id, .. } => Some(*org_id),
            _ => None,
        }
    }
}
