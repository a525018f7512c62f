//! Sessions of browsers: tokens in cookies that scripts cannot read, and requests that only our own pages can make.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use tenancy::session::Tokens;
use tenancy::{AccessToken, RefreshToken};

/// How cookies look under this public URL.
#[derive(Debug)]
pub(crate) struct Cookies {
    /// `__Host-` where the URL is https: browsers then insist on Secure, the whole path and this host alone (RFC 6265bis).
    prefix: &'static str,
    attributes: &'static str,
    /// From where browsers may change something with a cookie.
    origin: String,
}

impl Cookies {
    pub(crate) fn new(public_url: &str) -> Self {
        let is_https = public_url.starts_with("https://");
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
        let host = rest.split('/').next().unwrap_or_default();
        Self {
            prefix: if is_https { "__Host-" } else { "" },
            attributes: if is_https {
                "Path=/; HttpOnly; SameSite=Strict; Secure"
            } else {
                "Path=/; HttpOnly; SameSite=Strict"
            },
            origin: format!("{scheme}://{host}"),
        }
    }

    /// The access token that a browser sends.
    pub(crate) fn access_token(&self, headers: &HeaderMap) -> Option<AccessToken> {
        self.find(headers, "access").and_then(AccessToken::parse)
    }

    /// The refresh token that a browser sends.
    pub(crate) fn refresh_token(&self, headers: &HeaderMap) -> Option<RefreshToken> {
        self.find(headers, "refresh").and_then(RefreshToken::parse)
    }

    fn find<'h>(&self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        pairs.flat_map(|line| line.split(';')).find_map(|pair| {
            let (given, value) = pair.trim().split_once('=')?;
            let rest = given.strip_prefix(self.prefix)?.strip_prefix("doorward_")?;
            (rest == name).then_some(value)
        })
    }

    /// Puts tokens into cookies.
    pub(crate) fn set(&self, tokens: &Tokens, now: chrono::DateTime<chrono::Utc>) -> HeaderMap {
        let access = (tokens.access_token.reveal(), tokens.access_expires_at);
        let refresh = (tokens.refresh_token.reveal(), tokens.refresh_expires_at);
        self.lines(
            [("access", access), ("refresh", refresh)]
                .map(|(name, (value, ends))| (name, value, (ends - now).num_seconds().max(0))),
        )
    }

    /// Takes the cookies away.
    pub(crate) fn clear(&self) -> HeaderMap {
        self.lines([("access", "", 0), ("refresh", "", 0)])
    }

    fn lines(&self, cookies: [(&str, &str, i64); 2]) -> HeaderMap {
        let (prefix, attributes) = (self.prefix, self.attributes);
        let line = |(name, value, seconds)| {
            format!("{prefix}doorward_{name}={value}; Max-Age={seconds}; {attributes}")
        };
        let values = cookies.into_iter().filter_map(|cookie| HeaderValue::from_str(&line(cookie)).ok());
        values.map(|value| (header::SET_COOKIE, value)).collect()
    }

    /// Whether a request may change something on the strength of a cookie: browsers tell where it comes from, and it must be
    /// one of our own pages. Who tells nothing is no browser, and has to send its token.
    pub(crate) fn comes_from_us(&self, method: &Method, headers: &HeaderMap) -> bool {
        if method.is_safe() {
            return true;
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match (headers.contains_key(header::ORIGIN), text("sec-fetch-site")) {
            (true, _) => text("origin") == Some(&self.origin),
            (false, site) => site == Some("same-origin"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    // proves AUT-2
    #[test]
    fn a_browser_changes_something_from_our_own_pages_only() {
        let cookies = Cookies::new("https://door.example.com/base");
        for (said, may) in [
            (&[("origin", "https://door.example.com")][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", "https://door.example.com:8443")], false),
            (&[("origin", "http://door.example.com")], false),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[], false),
        ] {
            assert_eq!(cookies.comes_from_us(&Method::POST, &headers(said)), may, "{said:?}");
            assert!(cookies.comes_from_us(&Method::GET, &headers(said)));
        }
    }

    // proves AUT-2
    #[test]
    fn cookies_of_an_https_host_are_its_own() {
        let https = Cookies::new("https://door.example.com");
        let cleared = https.clear();
        let lines: Vec<_> =
            cleared.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
        assert_eq!(lines[0], "__Host-doorward_access=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure");
        let token = format!("dwr_{}", "A".repeat(43));
        let sent = headers(&[("cookie", &format!("a=b; __Host-doorward_refresh={token}"))]);
        assert!(https.refresh_token(&sent).is_some());
        assert!(Cookies::new("http://localhost").refresh_token(&sent).is_none());
        assert!(https.refresh_token(&headers(&[("cookie", &format!("doorward_refresh={token}"))])).is_none());
    }
}
