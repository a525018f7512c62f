//! Links as they stand in mails, and forms as browsers send them.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tenancy::account;

use crate::support::{Call, NOW, Reply, TestApp};
use crate::world::ANN;

/// The path of each page that a link leads to, and what such a link is good for.
pub(crate) const LINKED: [(&str, &str); 4] = [
    ("/verify-email", "verify_email"),
    ("/reset-password", "reset_password"),
    ("/set-password", "set_password"),
    ("/set-up", "set_up"),
];

/// A password that nothing is wrong with.
pub(crate) const GOOD: &str = "  correct horse, battery ÉTÉ  ";

/// A token that could be one, and is none.
pub(crate) const UNKNOWN: &str = "dwl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A link for Ann that is good for an hour; gives its token. For the first administrator, the one that is printed.
pub(crate) async fn link(app: &TestApp, purpose: &str) -> String {
    if purpose == "set_up" {
        return account::set_up_link(&app.db).await.unwrap().unwrap().reveal().to_owned();
    }
    let token = format!("dwl_{:A<43}", purpose.replace('_', "-"));
    app.query(&format!(
        "insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
         values (gen_random_uuid(), '{purpose}', '{ANN}', 'ann@example.com', sha256('{token}'), '{NOW}',
                 timestamptz '{NOW}' + interval '1 hour')"
    ));
    token
}

/// As a form encodes its fields.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The fields that the form of a page sends when it is filled in right.
pub(crate) fn fields<'t>(path: &str, token: &'t str) -> Vec<(&'static str, &'t str)> {
    let password = [("token", token), ("password", GOOD), ("repeat", GOOD)];
    match path {
        "/verify-email" => vec![("token", token)],
        "/forgot-password" => vec![("email", "ann@example.com")],
        "/set-up" => [&password[..], &[("email", "olga@example.com"), ("name", "Olga")]].concat(),
        _ => password.to_vec(),
    }
}

impl Call {
    /// With the fields of a form.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(encoded(fields))
    }
}

impl Reply {
    /// Expects a page, with these words on it.
    #[track_caller]
    pub(crate) fn page(self, status: u16, words: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(self.text.contains(words), "{words:?} is not in {}", self.text);
        self
    }
}
