//! Forms are only taken from pages of ours.
//!
//! But for accepting an invitation nothing here depends on cookies, so another site could only send what it knows itself; it shall not make a visitor's
//! browser spend that visitor's share of a limit either.

use axum::http::{HeaderMap, HeaderValue, header};

/// What browsers say of where a request comes from; no page can change it (Fetch Metadata).
const SITE: &str = "sec-fetch-site";

/// Whether another site made the browser send this.
///
/// Browsers that do not know `Sec-Fetch-Site` send `Origin`, which is `null` from our own pages, because those forbid to
/// say where one comes from (`Referrer-Policy`). What is not a browser sends neither.
pub(super) fn is_from_elsewhere(headers: &HeaderMap, origin: &str) -> bool {
    let is = |name: &HeaderValue, expected: &[&str]| expected.iter().any(|value| name == value);
    match (headers.get(SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => !is(site, &["same-origin", "none"]),
        (None, Some(given)) => !is(given, &["null", origin]),
        (None, None) => false,
    }
}

/// Whether one of our own pages made the browser send this, for what depends on a cookie: a browser that does not tell, is
/// not believed.
pub(super) fn is_from_here(headers: &HeaderMap, origin: &str) -> bool {
    match (headers.get(SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, given) => given.is_some_and(|given| given == origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(given: &[(&'static str, &'static str)]) -> bool {
        let headers = given.iter().map(|(name, value)| (name.parse(), HeaderValue::from_static(value)));
        let headers = headers.filter_map(|(name, value)| Some((name.ok()?, value))).collect();
        is_from_elsewhere(&headers, "https://auth.example.com")
    }

    #[test]
    fn what_another_site_sends_is_told_apart() {
        for good in [
            &[][..],
            &[(SITE, "same-origin"), ("origin", "null")],
            &[(SITE, "same-origin"), ("origin", "http://localhost:8080")],
            &[(SITE, "none")],
            &[("origin", "null")],
            &[("origin", "https://auth.example.com")],
        ] {
            assert!(!is_refused(good), "{good:?}");
        }
        for bad in [
            &[(SITE, "cross-site")][..],
            &[(SITE, "same-site")],
            &[(SITE, "cross-site"), ("origin", "https://auth.example.com")],
            &[(SITE, "SAME-ORIGIN-or-so")],
            &[(SITE, "")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "https://auth.example.com.evil.example")],
            &[("origin", "http://auth.example.com")],
        ] {
            assert!(is_refused(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_cookie_is_believed_from_our_own_pages_only() {
        let headers = |given: &[(&'static str, &'static str)]| -> HeaderMap {
            given
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
                .collect()
        };
        let is = |given: &[(&'static str, &'static str)]| {
            is_from_here(&headers(given), "https://auth.example.com")
        };
        assert!(
            is(&[(SITE, "same-origin"), ("origin", "null")]) && is(&[("origin", "https://auth.example.com")])
        );
        for bad in [
            &[][..],
            &[("origin", "null")],
            &[(SITE, "none")],
            &[(SITE, "same-site")],
            &[(SITE, "cross-site"), ("origin", "https://auth.example.com")],
            &[("origin", "https://evil.example.com")],
        ] {
            assert!(!is(bad), "{bad:?}");
        }
    }
}
