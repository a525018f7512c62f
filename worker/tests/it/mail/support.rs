//! Mailers in all kinds.

use std::time::Duration;

use harness::Smtp;
use harness::smtp::Options;
use secrecy::SecretString;
use tenancy::{JobId, Locale, MailTemplate};
use uuid::Uuid;
use worker::mail::{Brand, Letter, Mailer, Outgoing, SendError, Sent, Settings, sample};

pub(super) const PUBLIC_URL: &str = "https://doorward.example.org";

/// An address that nobody has.
pub(super) const SOMEBODY: &str = "somebody@example.org";

/// Settings for a server, or for a folder that does not matter.
pub(super) fn settings(url: Option<&str>) -> Settings {
    Settings {
        smtp_url: url.map(SecretString::from),
        from: "Doorward <mail@doorward.example.org>".to_owned(),
        folder: "unused".into(),
        public_url: PUBLIC_URL.to_owned(),
        bound: Duration::from_secs(30),
        authorities: Vec::new(),
    }
}

/// A mailer that trusts the server.
pub(super) fn mailer(server: &Smtp) -> Mailer {
    let mut settings = settings(Some(&server.url()));
    settings.authorities = server.certificate().map(str::to_owned).into_iter().collect();
    Mailer::new(settings).unwrap()
}

pub(super) fn server(options: Options) -> Smtp {
    Smtp::with(options).unwrap()
}

/// A letter like any other.
pub(super) fn letter() -> Letter {
    sample(MailTemplate::Verification, Locale::French, &Brand::new(PUBLIC_URL).unwrap()).unwrap()
}

/// The id of a job that was asked for on 2026-11-21 at 10:00:00 UTC.
pub(super) fn job(number: u128) -> JobId {
    JobId(Uuid::from_u128(0x01a1_fd8c_6900_7000_8000_0000_0000_0000 + number))
}

/// Sends a letter to [`SOMEBODY`].
pub(super) async fn send(mailer: &Mailer, number: u128) -> Result<Sent, SendError> {
    mailer.send(Outgoing { id: job(number), to: SOMEBODY, letter: &letter() }).await
}
