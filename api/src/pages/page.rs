//! An HTML page as it is sent.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tenancy::Locale;

use crate::problem::Problem;

/// The style of every page; the layout puts it into the head, so that a page is one answer.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

/// What a page may load and do: its own style, by its hash, and send a form to where it came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// What a page may use of the device: nothing.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), usb=()";

/// A page, written.
pub(crate) struct Page {
    pub(super) status: StatusCode,
    pub(super) language: Locale,
    pub(super) html: askama::Result<String>,
    /// After how many seconds to come again.
    pub(super) retry_after: Option<u64>,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let html = match self.html {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page could not be written");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return Problem::new(status, "internal", "something went wrong on our side").into_response();
            }
        };
        let mut response = (self.status, Html(html)).into_response();
        let headers = response.headers_mut();
        protect(headers);
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.as_str()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The address of a page may hold a token, and its form takes passwords: nobody keeps it, frames it, learns where its
/// links were followed from, or adds something to it.
fn protect(headers: &mut HeaderMap) {
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
