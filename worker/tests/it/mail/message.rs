//! The headers that mails travel with.

use worker::mail::{Composer, MailerError, Outgoing, SendError, Stage};

use super::support::{PUBLIC_URL, SOMEBODY, job, letter};

fn composer() -> Composer {
    Composer::new("Doorward <mail@doorward.example.org>", PUBLIC_URL).unwrap()
}

// proves MAIL-1
#[test]
fn the_mail_of_a_job_is_always_the_same() {
    let letter = letter();
    let write =
        |number| composer().eml(&Outgoing { id: job(number), to: SOMEBODY, letter: &letter }).unwrap();
    assert_eq!(write(1), write(1));
    assert_ne!(write(1), write(2));
}

// proves MAIL-1
#[test]
fn a_mail_has_the_headers_that_it_should() {
    let letter = letter();
    let eml = composer().eml(&Outgoing { id: job(1), to: SOMEBODY, letter: &letter }).unwrap();
    let eml = String::from_utf8(eml).unwrap();
    for header in [
        "Message-ID: <01a1fd8c-6900-7000-8000-000000000001@doorward.example.org>\r\n",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n",
        "From: Doorward <mail@doorward.example.org>\r\n",
        "To: somebody@example.org\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
    ] {
        assert!(eml.contains(header), "{header} is not in\n{eml}");
    }
    assert!(eml.find("text/plain").unwrap() < eml.find("text/html").unwrap());
    assert!(!eml.contains("List-Unsubscribe"));
    assert!(eml.is_ascii() && eml.lines().all(|line| line.len() <= 998));
}

// proves MAIL-1
#[test]
fn what_is_no_address_is_refused_for_good() {
    let letter = letter();
    for to in
        ["", "nobody", "a@b@c", "a@b\r\nBcc: c@d", "Ann <a@example.org>", "a@example.org, b@example.org"]
    {
        let refused = composer().eml(&Outgoing { id: job(1), to, letter: &letter }).unwrap_err();
        assert!(matches!(&refused, SendError::Refused { stage: Stage::Address, .. }), "{to}");
        assert!(!refused.may_pass() && (to.is_empty() || !refused.to_string().contains(to)), "{refused}");
    }
}

// proves MAIL-1
#[test]
fn settings_that_cannot_be_used_are_named() {
    assert!(matches!(Composer::new("nobody", PUBLIC_URL), Err(MailerError::From)));
    assert!(matches!(Composer::new("a@example.org", "nowhere"), Err(MailerError::PublicUrl)));
}
