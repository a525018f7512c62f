//! What each mail says. One struct a mail; its words stand in `templates/`.

mod account;
mod data;
mod invitation;
mod org_notice;
mod password;
mod trial;

pub use account::{AlreadyRegistered, Disabled, SecondFactorChanged, Verification, Welcome};
pub use data::{DeletionReceipt, DeletionRequested, ExportReady};
pub use invitation::Invitation;
pub use org_notice::{OrgEvent, OrgNotice};
pub use password::{PasswordChanged, PasswordReset, SetPassword};
pub use trial::{ApprovalReminder, Approved, Expired};

use super::letter::pages;

pages! {
    Verification {
        English, "en": "en/verification.html", "en/verification.txt";
        French, "fr": "fr/verification.html", "fr/verification.txt";
    }
    Welcome {
        English, "en": "en/welcome.html", "en/welcome.txt";
        French, "fr": "fr/welcome.html", "fr/welcome.txt";
    }
    Invitation {
        English, "en": "en/invitation.html", "en/invitation.txt";
        French, "fr": "fr/invitation.html", "fr/invitation.txt";
    }
    AlreadyRegistered {
        English, "en": "en/already_registered.html", "en/already_registered.txt";
        French, "fr": "fr/already_registered.html", "fr/already_registered.txt";
    }
    SetPassword {
        English, "en": "en/set_password.html", "en/set_password.txt";
        French, "fr": "fr/set_password.html", "fr/set_password.txt";
    }
    SecondFactorChanged {
        English, "en": "en/second_factor_changed.html", "en/second_factor_changed.txt";
        French, "fr": "fr/second_factor_changed.html", "fr/second_factor_changed.txt";
    }
    PasswordReset {
        English, "en": "en/password_reset.html", "en/password_reset.txt";
        French, "fr": "fr/password_reset.html", "fr/password_reset.txt";
    }
    PasswordChanged {
        English, "en": "en/password_changed.html", "en/password_changed.txt";
        French, "fr": "fr/password_changed.html", "fr/password_changed.txt";
    }
    ApprovalReminder {
        English, "en": "en/approval_reminder.html", "en/approval_reminder.txt";
        French, "fr": "fr/approval_reminder.html", "fr/approval_reminder.txt";
    }
    Approved {
        English, "en": "en/approved.html", "en/approved.txt";
        French, "fr": "fr/approved.html", "fr/approved.txt";
    }
    Expired {
        English, "en": "en/expired.html", "en/expired.txt";
        French, "fr": "fr/expired.html", "fr/expired.txt";
    }
    Disabled {
        English, "en": "en/disabled.html", "en/disabled.txt";
        French, "fr": "fr/disabled.html", "fr/disabled.txt";
    }
    OrgNotice {
        English, "en": "en/org_notice.html", "en/org_notice.txt";
        French, "fr": "fr/org_notice.html", "fr/org_notice.txt";
    }
    DeletionRequested {
        English, "en": "en/deletion_requested.html", "en/deletion_requested.txt";
        French, "fr": "fr/deletion_requested.html", "fr/deletion_requested.txt";
    }
    DeletionReceipt {
        English, "en": "en/deletion_receipt.html", "en/deletion_receipt.txt";
        French, "fr": "fr/deletion_receipt.html", "fr/deletion_receipt.txt";
    }
    ExportReady {
        English, "en": "en/export_ready.html", "en/export_ready.txt";
        French, "fr": "fr/export_ready.html", "fr/export_ready.txt";
    }
}
