//! A letter with its headers, as it travels (RFC 5322).

use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use tenancy::JobId;
use url::Url;

use super::error::{MailerError, SendError, Stage};
use super::letter::Letter;

/// A mail to send.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The job that sends it: makes its Message-ID.
    pub id: JobId,
    /// The address, without a name.
    pub to: &'a str,
    /// What it says.
    pub letter: &'a Letter,
}

/// A mail that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// `<job id@host>`.
    pub message_id: String,
}

/// Writes the headers. One job always makes the same bytes, so a mail that goes out twice is one and the same.
#[derive(Debug, Clone)]
pub struct Composer {
    from: Mailbox,
    domain: String,
}

/// A mail in the form that travels.
pub(super) struct Composed {
    pub(super) message_id: String,
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

impl Composer {
    /// `from` is an address, alone or as `Name <address>`; Message-IDs get the host of `public_url`.
    ///
    /// # Errors
    /// [`MailerError::From`], [`MailerError::PublicUrl`].
    pub fn new(from: &str, public_url: &str) -> Result<Self, MailerError> {
        let from = from.parse().map_err(|_| MailerError::From)?;
        let url = Url::parse(public_url).map_err(|_| MailerError::PublicUrl)?;
        let domain = url.host_str().ok_or(MailerError::PublicUrl)?.to_owned();
        Ok(Self { from, domain })
    }

    /// The Message-ID of a job's mail. Never changes while the public URL's host does not.
    #[must_use]
    pub fn message_id(&self, id: JobId) -> String {
        format!("<{}@{}>", id.0, self.domain)
    }

    /// The whole mail as a file has it.
    ///
    /// # Errors
    /// [`SendError::Refused`] if the address is none.
    pub fn eml(&self, outgoing: &Outgoing<'_>) -> Result<Vec<u8>, SendError> {
        Ok(self.compose(outgoing)?.bytes)
    }

    pub(super) fn compose(&self, outgoing: &Outgoing<'_>) -> Result<Composed, SendError> {
        let to: Address =
            outgoing.to.parse().map_err(|_| SendError::refused(Stage::Address, "it is not an address"))?;
        let message_id = self.message_id(outgoing.id);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(outgoing.letter.subject.clone())
            .message_id(Some(message_id.clone()))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(written) = written_at(outgoing.id) {
            message = message.date(written);
        }
        let unwritable = |_| SendError::refused(Stage::Message, "it cannot be written");
        let message = message.multipart(body(outgoing)).map_err(unwritable)?;
        Ok(Composed { message_id, envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// When the mail was asked for: the time in the job's id, which is a UUIDv7. That is what `Date` means (RFC 5322, 3.6.1:
/// when the mail was complete), and it stays when a mail is sent again.
fn written_at(id: JobId) -> Option<SystemTime> {
    let (seconds, nanoseconds) = id.0.get_timestamp()?.to_unix();
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}

/// The text first: programs show the last alternative that they can (RFC 2046).
fn body(outgoing: &Outgoing<'_>) -> MultiPart {
    let part = |kind, body: &str| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    // `=_` cannot occur in quoted-printable, so no text ends its part.
    MultiPart::alternative()
        .boundary(format!("=_{}", outgoing.id.0))
        .singlepart(part(ContentType::TEXT_PLAIN, &outgoing.letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &outgoing.letter.html))
}
