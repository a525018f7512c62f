//! Why a mail did not leave. Nothing here holds a password, an address or what a mail says: errors are kept with jobs.

use std::fmt;

use lettre::transport::smtp;

/// How far a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading the address.
    Address,
    /// Reaching the server, and its first words.
    Connection,
    /// STARTTLS.
    Encryption,
    /// Signing in.
    Authentication,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// The mail itself.
    Message,
    /// Writing the file, where no server is configured.
    Folder,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "address",
            Self::Connection => "connection",
            Self::Encryption => "encryption",
            Self::Authentication => "sign-in",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Message => "message",
            Self::Folder => "folder",
        })
    }
}

/// A mail did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nobody will ever accept it: the address or the mail itself is at fault. Do not try again.
    #[error("the mail is refused for good ({stage}): {why}")]
    Refused {
        /// What is refused.
        stage: Stage,
        /// Our words, with the server's code.
        why: String,
    },

    /// The server is away, wants something else of the operator, or asks for patience. Try again later.
    #[error("the mail cannot be sent now ({stage}): {why}")]
    Unavailable {
        /// How far it came.
        stage: Stage,
        /// Our words, with the server's code.
        why: String,
    },
}

/// The settings of mails cannot be used. Never repeats a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailerError {
    /// `SMTP_URL` is not what it has to be.
    #[error("SMTP_URL is not the address of a mail server")]
    Server,

    /// `DOORWARD_MAIL_FROM` has no address in it.
    #[error("DOORWARD_MAIL_FROM is not an address")]
    From,

    /// There is no host for Message-IDs.
    #[error("DOORWARD_PUBLIC_URL has no host")]
    PublicUrl,

    /// Certificates cannot be checked.
    #[error("TLS for mails cannot be set up: {0}")]
    Tls(smtp::Error),
}

/// Codes that speak of the one who sends and not of the mail, wherever they come: a wrong order of commands, and
/// everything about signing in.
const OF_THE_SENDER: [u16; 5] = [503, 530, 534, 535, 538];

/// The same among enhanced codes (RFC 3463, RFC 4954): 5.7.1 is "not authorized", such as a relay that does not know us.
const OF_THE_SENDER_ENHANCED: [&str; 6] = ["5.7.1", "5.7.8", "5.7.9", "5.7.11", "5.7.13", "5.7.14"];

impl SendError {
    /// Whether a mail that failed so may leave later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(super) fn refused(stage: Stage, why: &str) -> Self {
        Self::Refused { stage, why: why.to_owned() }
    }

    pub(super) fn unavailable(stage: Stage, why: impl Into<String>) -> Self {
        Self::Unavailable { stage, why: why.into() }
    }

    /// Reads what lettre says. The server's own words stay out: they repeat addresses, and some repeat whole commands.
    pub(super) fn of(stage: Stage, error: &smtp::Error) -> Self {
        let Some(code) = error.status() else {
            return Self::Unavailable { stage, why: own_words(error) };
        };
        let enhanced = enhanced(error);
        let why = match &enhanced {
            Some(enhanced) => format!("the server answered {code} {enhanced}"),
            None => format!("the server answered {code}"),
        };
        let of_the_mail = matches!(stage, Stage::Recipient | Stage::Message);
        let of_the_sender = OF_THE_SENDER.contains(&code.into())
            || enhanced.is_some_and(|code| OF_THE_SENDER_ENHANCED.contains(&code.as_str()));
        if error.is_permanent() && of_the_mail && !of_the_sender {
            Self::Refused { stage, why }
        } else {
            Self::Unavailable { stage, why }
        }
    }
}

/// What went wrong on our side or on the way: the words of lettre, rustls and the system.
fn own_words(error: &smtp::Error) -> String {
    if error.is_response() {
        // It would quote what came.
        return "the answer is not SMTP, or the connection ended before it".to_owned();
    }
    error.to_string()
}

/// The enhanced code at the start of the server's words: three numbers.
fn enhanced(error: &smtp::Error) -> Option<String> {
    let words = std::error::Error::source(error)?.to_string();
    let code = words.split_whitespace().next()?;
    let numbers: Vec<&str> = code.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (numbers.len() == 3 && numbers.iter().all(is_number)).then(|| code.to_owned())
}
