//! One connection to the mail server, from the first word to many mails.
//!
//! lettre's own transport tells what a server answered, but not to which command. Here that matters: a 5xx about an
//! address is for good, and a 5xx about our password is not. Its pool also takes back connections whose use was
//! cancelled, where the next mail could read an answer meant for the one before. So the steps are taken one by one.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use lettre::transport::smtp::response::Response;

use super::error::{SendError, Stage};
use super::server::{Encryption, Server};

/// How long the system may take to connect. Answers have no limit here: whoever calls bounds the whole.
const CONNECT: Duration = Duration::from_secs(10);

pub(super) struct Session(AsyncSmtpConnection);

impl Session {
    /// Connects, encrypts and signs in, as the server's address asks.
    pub(super) async fn open(server: &Server) -> Result<Self, SendError> {
        let at = (server.host.as_str(), server.port);
        let implicit = match &server.encryption {
            Encryption::Implicit(tls) => Some(tls.clone()),
            _ => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(at, Some(CONNECT), &server.hello, implicit, None)
                .await
                .map_err(|error| SendError::of(Stage::Connection, &error))?;
        if let Some(tls) = starttls(&server.encryption, &connection) {
            connection
                .starttls(tls, &server.hello)
                .await
                .map_err(|error| SendError::of(Stage::Encryption, &error))?;
        }
        if let Some(credentials) = &server.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await
                .map_err(|error| SendError::of(Stage::Authentication, &error))?;
        }
        Ok(Self(connection))
    }

    /// Whether the server still answers.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.0.test_connected().await
    }

    /// Hands one mail over. After an error, or when it is cancelled, the session must not be used again.
    pub(super) async fn deliver(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
        let mut parameters = Vec::new();
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !self.0.server_info().supports_feature(Extension::SmtpUtfEight) {
                let why = "the server knows no addresses beyond ASCII (SMTPUTF8)";
                return Err(SendError::refused(Stage::Recipient, why));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let sender = Mail::new(envelope.from().cloned(), parameters);
        let answer = self.0.command(sender).await;
        expect(Stage::Sender, 250, answer)?;
        for address in envelope.to() {
            let answer = self.0.command(Rcpt::new(address.clone(), Vec::new())).await;
            expect(Stage::Recipient, 250, answer)?;
        }
        let answer = self.0.command(Data).await;
        expect(Stage::Message, 354, answer)?;
        let answer = self.0.message(mail).await;
        expect(Stage::Message, 250, answer)
    }
}

/// With what to begin STARTTLS, if it is wanted. Where it is required and the server does not offer it, lettre refuses.
fn starttls(encryption: &Encryption, connection: &AsyncSmtpConnection) -> Option<TlsParameters> {
    match encryption {
        Encryption::Required(tls) => Some(tls.clone()),
        Encryption::Offered(tls) => connection.can_starttls().then(|| tls.clone()),
        Encryption::None | Encryption::Implicit(_) => None,
    }
}

/// An answer with the right code; 251 is a 250 that forwards.
fn expect(
    stage: Stage,
    code: u16,
    answer: Result<Response, lettre::transport::smtp::Error>,
) -> Result<(), SendError> {
    let answer = answer.map_err(|error| SendError::of(stage, &error))?;
    if answer.has_code(code) || (code == 250 && (answer.has_code(251) || answer.has_code(252))) {
        return Ok(());
    }
    let why = format!("the server answered {} where {code} belongs", answer.code());
    Err(SendError::unavailable(stage, why))
}
