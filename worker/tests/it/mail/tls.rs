//! The protected way to a server, and what happens where it is not protected.

use harness::smtp::{Options, Security};
use worker::mail::{Mailer, MailerError, SendError, Stage};

use super::support::{self, mailer, send, server};

fn login() -> Option<(String, String)> {
    Some(("door".to_owned(), "s3cret%2F".to_owned()))
}

/// What the server decodes of it.
fn decoded() -> Option<(String, String)> {
    Some(("door".to_owned(), "s3cret/".to_owned()))
}

// proves MAIL-1
#[tokio::test]
async fn a_mail_goes_by_starttls_and_by_tls_with_a_password_that_is_never_in_clear() {
    for security in [Security::StartTls, Security::Implicit] {
        let server = server(Options { security, login: decoded() });
        let mut settings = support::settings(Some(&server.url().replace("s3cret/", "s3cret%2F")));
        settings.authorities = vec![server.certificate().unwrap().to_owned()];
        let mailer = Mailer::new(settings).unwrap();
        mailer.check().await.unwrap();
        send(&mailer, 1).await.unwrap();
        assert_eq!(server.mails().len(), 1, "{security:?}");
        let clear = server.in_clear();
        assert!(clear.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{clear:?}");
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    for security in [Security::StartTls, Security::Implicit] {
        let server = server(Options { security, login: None });
        let mailer = Mailer::new(support::settings(Some(&server.url()))).unwrap();
        for failed in [send(&mailer, 1).await.map(drop), mailer.check().await] {
            let error = failed.unwrap_err();
            assert!(error.may_pass() && error.to_string().contains("certificate"), "{security:?}: {error}");
        }
        assert!(server.mails().is_empty());
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_server_without_starttls_gets_nothing_where_it_is_required() {
    let server = server(Options { security: Security::Plain, login: decoded() });
    let url = format!("smtp://door:s3cret%2F@localhost:{}?tls=required", server.address().port());
    let mailer = Mailer::new(support::settings(Some(&url))).unwrap();
    let error = send(&mailer, 1).await.unwrap_err();
    assert!(matches!(error, SendError::Unavailable { stage: Stage::Encryption, .. }), "{error}");
    let clear = server.in_clear();
    assert!(clear.iter().all(|line| line.starts_with("EHLO")), "{clear:?}");
    assert!(server.mails().is_empty() && !clear.is_empty());
}

// proves MAIL-1
#[tokio::test]
async fn starttls_that_is_only_wished_for_is_used_where_it_is_offered() {
    for security in [Security::StartTls, Security::Plain] {
        let server = server(Options { security, login: None });
        let url = format!("smtp://localhost:{}?tls=opportunistic", server.address().port());
        let mut settings = support::settings(Some(&url));
        settings.authorities = server.certificate().map(str::to_owned).into_iter().collect();
        send(&Mailer::new(settings).unwrap(), 1).await.unwrap();
        let in_clear = server.in_clear().iter().any(|line| line.starts_with("MAIL"));
        assert_eq!(in_clear, security == Security::Plain, "{security:?}");
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_wrong_password_is_the_operators_fault_and_is_shown_to_nobody() {
    let server = server(Options { security: Security::Implicit, login: decoded() });
    let url = server.url().replace("s3cret/", "wrong-one");
    let mut settings = support::settings(Some(&url));
    settings.authorities = vec![server.certificate().unwrap().to_owned()];
    let mailer = Mailer::new(settings).unwrap();
    let error = send(&mailer, 1).await.unwrap_err();
    assert!(matches!(error, SendError::Unavailable { stage: Stage::Authentication, .. }), "{error}");
    assert_eq!(error.to_string(), "the mail cannot be sent now (sign-in): the server answered 535 5.7.8");
    for shown in [format!("{error:?}"), format!("{mailer:?}")] {
        // As it is, and as the server repeats it: base64 of NUL, user, NUL, password.
        assert!(!shown.contains("wrong-one") && !shown.contains("AGRvb3I"), "{shown}");
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_server_that_wants_a_password_and_gets_none_is_the_operators_fault() {
    let server = server(Options { security: Security::Plain, login: login() });
    let url = format!("smtp://localhost:{}", server.address().port());
    let mailer = Mailer::new(support::settings(Some(&url))).unwrap();
    let error = send(&mailer, 1).await.unwrap_err();
    assert!(matches!(error, SendError::Unavailable { stage: Stage::Sender, .. }), "{error}");
}

// proves MAIL-1
#[tokio::test]
async fn an_address_of_a_server_that_cannot_be_read_is_refused_without_being_repeated() {
    for url in
        ["smtp://", "http://user:hidden@host", "smtp://user:hidden@host?tls=maybe", "smtp://a:hid%ff@host"]
    {
        let error = Mailer::new(support::settings(Some(url))).unwrap_err();
        assert!(matches!(error, MailerError::Server) && !format!("{error:?}").contains("hid"), "{url}");
    }
    let server = server(Options::default());
    mailer(&server).check().await.unwrap();
}
