use std::io::{Cursor, Read as _};

use futures::TryStreamExt as _;

use super::*;

async fn collected(bytes: impl Stream<Item = io::Result<Bytes>>) -> io::Result<Vec<u8>> {
    let pieces: Vec<Bytes> = bytes.try_collect().await?;
    Ok(pieces.concat())
}

// proves ACC-10
#[tokio::test]
async fn what_was_written_is_read_from_the_archive() {
    let (archive, bytes) = Archive::begin();
    let write = async {
        archive.text("a.json").await?;
        archive.write("[1,").await?;
        archive.write("2]").await?;
        archive.raw("documents/empty").await?;
        archive.raw("documents/large").await?;
        for n in 0..100_u8 {
            archive.write(vec![n; 100_000]).await?;
        }
        archive.end().await
    };
    let (written, bytes) = tokio::join!(write, collected(bytes));
    written.unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes.unwrap())).unwrap();
    let mut read = |name: &str| {
        let mut content = vec![];
        zip.by_name(name).unwrap().read_to_end(&mut content).unwrap();
        content
    };
    assert_eq!(read("a.json"), b"[1,2]");
    assert_eq!(read("documents/empty"), b"");
    let large = read("documents/large");
    assert_eq!((large.len(), large[99_999], large[100_000]), (10_000_000, 0, 1));
}

// proves ACC-10
#[tokio::test]
async fn an_archive_that_is_not_ended_is_no_archive() {
    let (archive, bytes) = Archive::begin();
    archive.text("a.json").await.unwrap();
    drop(archive);
    assert!(collected(bytes).await.is_err());
}

// proves ACC-10
#[tokio::test]
async fn whoever_writes_is_told_that_nobody_reads_any_more() {
    let (archive, bytes) = Archive::begin();
    drop(bytes);
    archive.raw("a").await.unwrap();
    let mut outcome = Ok(());
    for _ in 0..100 {
        outcome = archive.write(vec![0; 100_000]).await;
        if outcome.is_err() {
            break;
        }
    }
    assert!(outcome.is_err());
}
