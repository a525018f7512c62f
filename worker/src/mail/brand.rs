//! Who writes: the product, and the address by which people reach this server.

use std::fmt;

use url::Url;

use super::letter::LetterError;

/// What every mail says about its sender. All links in mails come from here, so none can lead elsewhere.
#[derive(Debug, Clone)]
pub struct Brand {
    public_url: Url,
    host: String,
}

impl Brand {
    /// From the configured public URL: `http` or `https`, with or without a path.
    ///
    /// # Errors
    /// [`LetterError::PublicUrl`] if it is none.
    pub fn new(public_url: &str) -> Result<Self, LetterError> {
        let mut public_url = Url::parse(public_url).map_err(|_| LetterError::PublicUrl)?;
        if !matches!(public_url.scheme(), "http" | "https") {
            return Err(LetterError::PublicUrl);
        }
        // Only the place counts: neither a password nor a question belongs into a mail.
        let _ = public_url.set_username("");
        let _ = public_url.set_password(None);
        public_url.set_query(None);
        public_url.set_fragment(None);
        let host = public_url.host_str().ok_or(LetterError::PublicUrl)?.to_owned();
        Ok(Self { public_url, host })
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
        let mut url = self.public_url.clone();
        // Only URLs such as `mailto:` have no segments, and those were refused.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        PublicLink(url)
    }
}

/// A link below the public URL; [`Brand::link`] makes them.
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
