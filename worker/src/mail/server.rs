//! The mail server, as `SMTP_URL` names it.

use std::fmt;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::error::MailerError;

/// Where mails go, and how the way there is protected.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

/// When TLS begins.
pub(super) enum Encryption {
    /// Never.
    None,
    /// By STARTTLS, if the server offers it.
    Offered(TlsParameters),
    /// By STARTTLS, or not at all.
    Required(TlsParameters),
    /// With the first byte.
    Implicit(TlsParameters),
}

impl Server {
    /// Reads `smtp://host[:25]`, `smtp://…[:587]?tls=required` (or `opportunistic`) and `smtps://host[:465]`, each with
    /// or without `user:password@`. A path is the name to say in EHLO, the host's own without one.
    ///
    /// `authorities` are certificates to trust beside those of the system.
    pub(super) fn new(url: &SecretString, authorities: &[Certificate]) -> Result<Self, MailerError> {
        let url = Url::parse(url.expose_secret()).map_err(|_| MailerError::Server)?;
        let host = match url.host().ok_or(MailerError::Server)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = || {
            let parameters = TlsParameters::builder(host.clone());
            let trusting =
                authorities.iter().cloned().fold(parameters, |it, one| it.add_root_certificate(one));
            trusting.build().map_err(MailerError::Tls)
        };
        let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (port, encryption) = match (url.scheme(), asked.as_deref()) {
            ("smtp", None) => (25, Encryption::None),
            ("smtp", Some("opportunistic")) => (587, Encryption::Offered(tls()?)),
            ("smtp", Some("required")) => (587, Encryption::Required(tls()?)),
            ("smtps", None) => (465, Encryption::Implicit(tls()?)),
            _ => return Err(MailerError::Server),
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let credentials = credentials(&url)?;
        Ok(Self { port: url.port().unwrap_or(port), host, encryption, hello, credentials })
    }

    /// Whether somebody on the way could read the password.
    pub(super) fn shows_its_password(&self) -> bool {
        let protected = matches!(self.encryption, Encryption::Required(_) | Encryption::Implicit(_));
        self.credentials.is_some() && !protected
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, MailerError> {
    let decoded = |text| {
        let decoded = percent_decode_str(text).decode_utf8().map_err(|_| MailerError::Server)?;
        Ok(decoded.into_owned())
    };
    let Some(password) = url.password() else { return Ok(None) };
    Ok(Some(Credentials::new(decoded(url.username())?, decoded(password)?)))
}

/// Without the credentials.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}
