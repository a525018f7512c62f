//! Who writes: the product, and the addresses by which people reach this server and sign in.

use std::fmt;

use url::Url;

use super::letter::LetterError;

/// What every mail says about its sender. All links in mails come from here, so none can lead elsewhere.
#[derive(Debug, Clone)]
pub struct Brand {
    public_url: Url,
    app_url: Url,
    host: String,
}

impl Brand {
    /// From the configured public URL: `http` or `https`, with or without a path. People sign in there too.
    ///
    /// # Errors
    /// [`LetterError::PublicUrl`] if it is none.
    pub fn new(public_url: &str) -> Result<Self, LetterError> {
        let public_url = place(public_url).ok_or(LetterError::PublicUrl)?;
        let host = public_url.host_str().ok_or(LetterError::PublicUrl)?.to_owned();
        Ok(Self { app_url: public_url.clone(), public_url, host })
    }

    /// The same where people sign in elsewhere: at the configured address of the application.
    ///
    /// # Errors
    /// [`LetterError::AppUrl`] if it is no `http` or `https` address.
    pub fn with_app(self, app_url: &str) -> Result<Self, LetterError> {
        let app_url = place(app_url).ok_or(LetterError::AppUrl)?;
        Ok(Self { app_url, ..self })
    }

    /// What people call this software.
    #[must_use]
    pub fn product(&self) -> &'static str {
        "Doorward"
    }

    /// The host of the public URL, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A place below the public URL. Each segment is escaped, so that no token can change where the link leads.
    #[must_use]
    pub fn link(&self, segments: &[&str]) -> PublicLink {
        below(&self.public_url, segments)
    }

    /// A place below where people sign in, escaped likewise.
    #[must_use]
    pub fn app_link(&self, segments: &[&str]) -> PublicLink {
        below(&self.app_url, segments)
    }

    /// A page below the public URL that takes a token, which is escaped.
    #[must_use]
    pub fn link_with_token(&self, page: &str, token: &str) -> PublicLink {
        let PublicLink(mut url) = self.link(&[page]);
        url.query_pairs_mut().append_pair("token", token);
        PublicLink(url)
    }

    /// Where people sign in.
    #[must_use]
    pub fn sign_in(&self) -> PublicLink {
        PublicLink(self.app_url.clone())
    }

    /// Where people ask for a new password.
    #[must_use]
    pub fn forgot_password(&self) -> PublicLink {
        self.link(&["forgot-password"])
    }
}

fn below(url: &Url, segments: &[&str]) -> PublicLink {
    let mut url = url.clone();
    // Only URLs such as `mailto:` have no segments, and those were refused.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    PublicLink(url)
}

/// An address without what does not belong into a mail: only the place counts, neither a password nor a question.
fn place(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// A link below the public URL, or to where people sign in; [`Brand`] makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicLink(Url);

impl PublicLink {
    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PublicLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
