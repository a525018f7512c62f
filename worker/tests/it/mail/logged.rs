//! What operators see of mails in the log.

use harness::smtp::Options;
use tracing::Level;
use worker::mail::{Mailer, Settings};

use super::support::{self, SOMEBODY, job, letter, mailer, send, server};
use crate::log::Log;

// proves MAIL-1
#[tokio::test]
async fn without_a_server_the_log_has_the_recipient_the_subject_and_every_link() {
    let data = tempfile::tempdir().unwrap();
    let mailer =
        Mailer::new(Settings { folder: data.path().join("mail"), ..support::settings(None) }).unwrap();
    let (log, _guard) = Log::start(Level::INFO);
    send(&mailer, 1).await.unwrap();
    let (log, letter) = (log.text(), letter());
    assert!(!letter.links.is_empty());
    for wanted in letter.links.iter().map(|link| &link.url).chain([&letter.subject]) {
        assert!(log.contains(wanted.as_str()), "{wanted} is not in {log}");
    }
    assert!(log.contains(SOMEBODY) && log.contains(&format!("{}.eml", job(1).0)), "{log}");
}

// proves MAIL-1
#[tokio::test]
async fn with_a_server_the_log_names_the_mail_and_neither_reader_nor_content() {
    let server = server(Options::default());
    let mailer = mailer(&server);
    let (log, _guard) = Log::start(Level::TRACE);
    let sent = send(&mailer, 1).await.unwrap();
    let log = log.text();
    assert!(log.contains(&sent.message_id) && log.contains("smtp{"), "{log}");
    for secret in [SOMEBODY, "sample-token", letter().subject.as_str()] {
        assert!(!log.contains(secret), "{log}");
    }
}
