//! Mail: what is written to people, and the ways it leaves.
//!
//! A mail is a struct in `letters` and four template files (English and French, HTML and text). [`Letter`] is what comes
//! out of it; [`Mailer`] hands that to a mail server, or puts it into a folder where none is configured.
//!
//! To add one: name it in `tenancy::MailTemplate`, write its struct beside its neighbours with `impl Written`, its
//! templates, its line in `pages!`, and its example in `sample`. A template that names what the struct lacks does not
//! compile.

mod brand;
mod error;
mod folder;
mod given;
mod letter;
mod letters;
mod mailer;
mod message;
mod moment;
mod sample;
mod server;
mod session;
mod smtp;

pub use brand::{Brand, PublicLink};
pub use error::{MailerError, SendError, Stage};
pub use given::Given;
pub use letter::{Letter, LetterError, Link, Written};
pub use letters::{
    AlreadyRegistered, ApprovalReminder, Approved, DeletionReceipt, DeletionRequested, Disabled, Expired,
    ExportReady, Invitation, OrgEvent, OrgNotice, PasswordChanged, PasswordReset, SecondFactorChanged,
    SetPassword, Verification, Welcome,
};
pub use mailer::{BOUND, Mailer, Settings};
pub use message::{Composer, Outgoing, Sent};
pub use moment::Moment;
pub use sample::{SAMPLE_JOB, sample};
