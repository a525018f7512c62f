//! An address that lets whoever has it do one thing for a while.

use std::fmt;

use chrono::{DateTime, Utc};
use url::Url;

/// A signed request, to be sent by somebody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The method of HTTP.
    pub method: &'static str,
    /// The address, with its signature: whoever reads it can use it.
    pub url: Url,
    /// Headers that have to be sent just so. A browser sets `content-length` by itself.
    pub headers: Vec<(String, String)>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Without the signature.
impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        url.set_query(None);
        f.debug_struct("Presigned")
            .field("method", &self.method)
            .field("url", &url.as_str())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
