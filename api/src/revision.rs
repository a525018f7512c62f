//! The revision on the response of a write.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use tenancy::Revision;

/// The header. A decision whose `revision` is greater has seen the write.
pub(crate) const REVISION: &str = "doorward-revision";

/// Puts the revision into the response.
pub(crate) struct At(pub(crate) Revision);

impl IntoResponseParts for At {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Ok(value) = HeaderValue::try_from(self.0.to_string()) {
            parts.headers_mut().insert(HeaderName::from_static(REVISION), value);
        }
        Ok(parts)
    }
}
