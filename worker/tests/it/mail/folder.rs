//! Mails as files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use worker::mail::{Mailer, SendError, Settings, Stage};

use super::support::{self, job, send};

fn mailer(folder: &std::path::Path) -> Mailer {
    Mailer::new(Settings { folder: folder.to_owned(), ..support::settings(None) }).unwrap()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

// proves MAIL-1
#[tokio::test]
async fn without_a_server_a_mail_is_a_file_that_only_its_owner_reads() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data/mail");
    let mailer = mailer(&folder);
    mailer.check().await.unwrap();
    let sent = send(&mailer, 1).await.unwrap();
    send(&mailer, 1).await.unwrap();
    send(&mailer, 2).await.unwrap();

    let file = folder.join(format!("{}.eml", job(1).0));
    let eml = fs::read_to_string(&file).unwrap();
    assert!(eml.contains(&format!("Message-ID: {}\r\n", sent.message_id)), "{eml}");
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    let visible = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let visible = visible.filter(|name| !name.to_str().unwrap().starts_with('.'));
    assert_eq!(visible.count(), 2, "one file a job, however often it is sent");
}

// proves MAIL-1
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_reason_to_try_again() {
    let data = tempfile::tempdir().unwrap();
    let in_the_way = data.path().join("mail");
    fs::write(&in_the_way, "a file").unwrap();
    let mailer = mailer(&in_the_way);
    for failed in [send(&mailer, 1).await.map(drop), mailer.check().await] {
        assert!(matches!(failed, Err(SendError::Unavailable { stage: Stage::Folder, .. })), "{failed:?}");
    }
}
