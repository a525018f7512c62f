//! The way out for mails.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::client::Certificate;
use secrecy::SecretString;
use tracing::Instrument as _;

use super::error::{MailerError, SendError};
use super::folder::Folder;
use super::message::{Composer, Outgoing, Sent};
use super::server::Server;
use super::smtp::Smtp;

/// How long one mail may take altogether. Servers that look for spam take their time.
pub const BOUND: Duration = Duration::from_secs(60);

/// How mails leave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mail server; none means files.
    pub smtp_url: Option<SecretString>,
    /// The sender, with or without a name.
    pub from: String,
    /// Where files go.
    pub folder: PathBuf,
    /// Its host makes the Message-IDs.
    pub public_url: String,
    /// How long one mail may take altogether. Servers that look for spam take their time.
    pub bound: Duration,
    /// Certificates to trust beside those of the system, as PEM.
    pub authorities: Vec<String>,
}

impl Settings {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &runtime::Config) -> Self {
        Self {
            smtp_url: config.smtp_url.clone(),
            from: config.mail_from.clone(),
            folder: config.data.join("mail"),
            public_url: config.public_url.clone(),
            bound: BOUND,
            authorities: Vec::new(),
        }
    }
}

/// How long a check may take.
const CHECK: Duration = Duration::from_secs(5);

/// Sends mails: by SMTP, or into a folder.
#[derive(Debug)]
pub struct Mailer {
    composer: Composer,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Smtp(Smtp),
    Folder(Folder),
}

impl Mailer {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`MailerError`] names the setting that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, MailerError> {
        let composer = Composer::new(&settings.from, &settings.public_url)?;
        let Some(url) = &settings.smtp_url else {
            return Ok(Self { composer, way: Way::Folder(Folder::new(settings.folder)) });
        };
        let trusted = |pem: &String| Certificate::from_pem(pem.as_bytes()).map_err(MailerError::Tls);
        let authorities = settings.authorities.iter().map(trusted).collect::<Result<Vec<_>, _>>()?;
        let server = Server::new(url, &authorities)?;
        if server.shows_its_password() {
            tracing::warn!("SMTP_URL sends its password without TLS: use smtps, or smtp with ?tls=required");
        }
        Ok(Self { composer, way: Way::Smtp(Smtp::new(server, settings.bound)) })
    }

    /// Hands a mail over. Sent again, the mail of a job is the same to the byte, its Message-ID included.
    ///
    /// # Errors
    /// [`SendError::Refused`] for good, [`SendError::Unavailable`] for now. After the latter the mail may have arrived
    /// all the same: a server can take a mail and be lost before it says so.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Sent, SendError> {
        let composed = self.composer.compose(&outgoing)?;
        let message_id = composed.message_id.clone();
        match &self.way {
            Way::Smtp(smtp) => {
                let span =
                    tracing::info_span!("smtp", otel.kind = "client", message_id = message_id.as_str());
                async {
                    smtp.send(&composed).await?;
                    tracing::info!("the mail server took a mail");
                    Ok(())
                }
                .instrument(span)
                .await?;
            }
            Way::Folder(folder) => {
                let file = folder.store(outgoing.id, composed.bytes).await?;
                let (file, to) = (file.display().to_string(), outgoing.to);
                tracing::info!(
                    file,
                    to,
                    subject = outgoing.letter.subject,
                    "wrote a mail: SMTP_URL is not set"
                );
                for link in &outgoing.letter.links {
                    tracing::info!(to, url = link.url, "link in the mail: {}", link.label);
                }
            }
        }
        Ok(Sent { message_id })
    }

    /// Whether mails could leave now: the server answers and lets us in, or the folder can be written. Takes 5 s at most.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn check(&self) -> Result<(), SendError> {
        match &self.way {
            Way::Smtp(smtp) => smtp.check(CHECK).await,
            Way::Folder(folder) => folder.check().await,
        }
    }
}

/// Where mails go, for people.
impl fmt::Display for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Smtp(_) => f.write_str("to the server of SMTP_URL"),
            Way::Folder(folder) => write!(f, "as files in {}/", folder.path().display()),
        }
    }
}
