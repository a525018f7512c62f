//! Mails to a server that behaves, and to one that does not.

use std::net::TcpListener;
use std::time::Duration;

use harness::Smtp;
use harness::smtp::{Options, State};
use worker::mail::{Mailer, Outgoing, SendError, Stage};

use super::support::{self, SOMEBODY, job, letter, mailer, send, server};

fn plain() -> Smtp {
    server(Options::default())
}

/// Where it failed for now.
#[track_caller]
fn unavailable<T: std::fmt::Debug>(result: Result<T, SendError>) -> (Stage, String) {
    match result {
        Err(SendError::Unavailable { stage, why }) => (stage, why),
        other => panic!("{other:?}"),
    }
}

/// Where it failed for good.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, SendError>) -> (Stage, String) {
    match result {
        Err(SendError::Refused { stage, why }) => (stage, why),
        other => panic!("{other:?}"),
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_mail_arrives_whole_and_the_connection_serves_the_next() {
    let server = plain();
    let mailer = mailer(&server);
    let sent = send(&mailer, 1).await.unwrap();
    mailer.check().await.unwrap();
    send(&mailer, 2).await.unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id(), sent.message_id);
    assert_eq!(sent.message_id, format!("<{}@doorward.example.org>", job(1).0));
    assert_eq!(
        (mails[0].from.as_str(), &mails[0].to[..]),
        ("mail@doorward.example.org", &[SOMEBODY.to_owned()][..])
    );
    let composer =
        worker::mail::Composer::new("Doorward <mail@doorward.example.org>", support::PUBLIC_URL).unwrap();
    let eml = composer.eml(&Outgoing { id: job(1), to: SOMEBODY, letter: &letter() }).unwrap();
    assert_eq!(mails[0].data.trim_end(), String::from_utf8(eml).unwrap().trim_end());
    assert_eq!(server.connections(), 1);
}

// proves MAIL-1
#[tokio::test]
async fn a_connection_that_the_server_ended_is_not_used_again() {
    let server = plain();
    let mailer = mailer(&server);
    send(&mailer, 1).await.unwrap();
    server.hang_up();
    send(&mailer, 2).await.unwrap();
    assert_eq!((server.mails().len(), server.connections()), (2, 2));
}

// proves MAIL-1
#[tokio::test]
async fn an_address_that_does_not_exist_is_refused_for_good_and_others_are_not() {
    let server = plain();
    server.faults().answer_recipient(SOMEBODY, "550 5.1.1 somebody@example.org is unknown");
    let mailer = mailer(&server);
    let (stage, why) = refused(send(&mailer, 1).await);
    assert_eq!((stage, why.as_str()), (Stage::Recipient, "the server answered 550 5.1.1"));
    let other = Outgoing { id: job(2), to: "other@example.org", letter: &letter() };
    mailer.send(other).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

// proves MAIL-1
#[tokio::test]
async fn a_mail_that_is_refused_itself_is_refused_for_good() {
    let server = plain();
    server.faults().answer_mail("554 5.6.0 not like this");
    let (stage, why) = refused(send(&mailer(&server), 1).await);
    assert_eq!((stage, why.as_str()), (Stage::Message, "the server answered 554 5.6.0"));
}

// proves MAIL-1
#[tokio::test]
async fn an_answer_that_is_not_final_is_a_reason_to_try_again() {
    let server = plain();
    let mailer = mailer(&server);
    server.faults().answer_recipient(SOMEBODY, "450 4.2.1 later");
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Recipient);
    server.faults().mend();
    server.faults().answer_mail("451 4.3.0 later");
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Message);
    server.faults().mend();
    send(&mailer, 1).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

// proves MAIL-1
#[tokio::test]
async fn what_is_the_operators_fault_is_not_the_addresss() {
    let server = plain();
    let mailer = mailer(&server);
    server.faults().greet_with("554 5.3.2 your network is blocked");
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Connection);
    server.faults().mend();
    server.faults().answer_sender("550 5.7.1 not your domain");
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Sender);
    server.faults().mend();
    for reply in ["530 5.7.0 sign in first", "550 5.7.8 sign in first", "503 5.5.1 no MAIL before"] {
        server.faults().answer_recipient(SOMEBODY, reply);
        assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Recipient, "{reply}");
    }
}

// proves MAIL-1
#[tokio::test]
async fn a_server_that_is_away_is_a_reason_to_try_again() {
    let server = plain();
    let mailer = mailer(&server);
    for state in [State::Down, State::Busy] {
        server.faults().set_state(state);
        assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Connection, "{state:?}");
        unavailable(mailer.check().await);
    }
    server.faults().set_state(State::Up);
    mailer.check().await.unwrap();
    send(&mailer, 1).await.unwrap();

    let nobody = TcpListener::bind("localhost:0").unwrap().local_addr().unwrap().port();
    let mailer = Mailer::new(support::settings(Some(&format!("smtp://localhost:{nobody}")))).unwrap();
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Connection);
}

// proves MAIL-1
#[tokio::test]
async fn a_server_that_says_nothing_does_not_hold_the_mail_for_ever() {
    let server = plain();
    let mut settings = support::settings(Some(&server.url()));
    settings.bound = Duration::from_millis(300);
    let mailer = Mailer::new(settings).unwrap();
    server.faults().set_state(State::Silent);
    let (_, why) = unavailable(send(&mailer, 1).await);
    assert_eq!(why, "the server did not answer in time");
    unavailable(mailer.check().await);

    server.faults().set_state(State::Up);
    send(&mailer, 1).await.unwrap();
    server.faults().set_state(State::Silent);
    unavailable(send(&mailer, 2).await);
    server.faults().set_state(State::Up);
    send(&mailer, 3).await.unwrap();
    let ids: Vec<_> = server.mails().iter().map(|mail| mail.message_id()).collect();
    assert_eq!(ids, [1, 3].map(|number| format!("<{}@doorward.example.org>", job(number).0)));
}

// proves MAIL-1
#[tokio::test]
async fn a_mail_whose_reply_was_lost_comes_again_as_the_same_mail() {
    let server = plain();
    server.faults().lose_replies(1);
    let mailer = mailer(&server);
    assert_eq!(unavailable(send(&mailer, 1).await).0, Stage::Message);
    send(&mailer, 1).await.unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1], "with the same Message-ID, so that mailboxes keep one");
}

// proves MAIL-1
#[tokio::test]
async fn addresses_beyond_ascii_are_refused_by_a_server_that_does_not_know_them() {
    let server = plain();
    let outgoing = Outgoing { id: job(1), to: "zoë@example.org", letter: &letter() };
    assert_eq!(refused(mailer(&server).send(outgoing).await).0, Stage::Recipient);
    assert!(server.mails().is_empty());
}
